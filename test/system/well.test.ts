/**
 * What people and clusters do with a platform of which no part is lost, one after another on one: a start of its own each would
 * take longer than most of them. First what needs one on which nobody has done anything, last what stops it.
 */
import { after, before } from 'node:test';
import { platform, start } from './on-one/platform.ts';
import './on-one/browser.ts';
import './on-one/commands.ts';
import './on-one/reloads.ts';
import './on-one/scaling.ts';
import './on-one/life.ts';

before(start, { timeout: 10 * 60_000 });
after(() => platform?.remove());
