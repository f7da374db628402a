import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLoadMeter, type LoadSources } from '../../src/agent/load.ts';
import { type Answers, appendedAnswers } from '../../src/agent/load/logged-answers.ts';
import { useOfTree } from '../../src/agent/load/process-tree.ts';

const directory = mkdtempSync(join(tmpdir(), 'reeve-load-'));
after(() => rmSync(directory, { recursive: true }));
const NONE: Answers = { '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0, none: 0 };
/** A line as templates/nginx writes it, of a visitor who would like to look like another answer. */
const line = (status: number) => `{"at":"now","path":"/\\"status\\":500","status":${status},"bytes":1,"agent":"\\"status\\":500"}\n`;
const awake = { awake: 2, asleep: 5, starting: 1, failing: 0 };

test('a first look has no rates; the next one has them; one that comes too soon changes nothing', () => {
  let now = 0;
  let cpuSeconds = 100;
  let ok = 0;
  const told: number[] = [];
  const sources: LoadSources = {
    now: () => now, cores: 2, memory: 1_000, use: () => ({ cpuSeconds, memory: 250 }),
    answers: (from) => ({ answers: { ...NONE, '2xx': from ? ok : 0, '5xx': from ? 100 : 0 }, at: { inode: 1, offset: 0 } }),
  };
  const meter = createLoadMeter(sources, (answers) => told.push(answers['2xx'] + answers['5xx']));
  assert.deepEqual(meter.read(awake), { cpu: null, memory: 0.25, requests: null, awake: 3 });
  [now, cpuSeconds, ok] = [20_000, 110, 400];
  assert.deepEqual(meter.read(awake), { cpu: 0.25, memory: 0.25, requests: 25, awake: 3 });
  [now, cpuSeconds] = [21_000, 210];
  assert.equal(meter.read(awake).cpu, 0.25);
  assert.deepEqual(told, [0, 500]);
});

test('where the system does not say, it is unknown, never nothing', () => {
  let now = 0;
  const meter = createLoadMeter({ now: () => now, cores: 2, memory: 1_000, use: () => null, answers: () => null });
  meter.read(awake);
  now = 60_000;
  assert.deepEqual(meter.read(awake), { cpu: null, memory: null, requests: null, awake: 3 });
});

test('answers are counted from where the last look ended, whole lines alone, also in a log that was rotated', () => {
  const log = join(directory, 'access.log');
  assert.equal(appendedAnswers(log, null), null);
  writeFileSync(log, line(200).repeat(2));
  const first = appendedAnswers(log, null)!;
  assert.deepEqual(first.answers, NONE);
  appendFileSync(log, line(200) + line(404) + line(0) + line(502).slice(0, -20));
  const second = appendedAnswers(log, first.at)!;
  assert.deepEqual(second.answers, { ...NONE, '2xx': 1, '4xx': 1, none: 1 });
  appendFileSync(log, line(502).slice(-20));
  const third = appendedAnswers(log, second.at)!;
  assert.deepEqual(third.answers, { ...NONE, '5xx': 1 });
  appendFileSync(log, line(301));
  renameSync(log, `${log}.1`);
  writeFileSync(log, line(200).repeat(10_000));
  const fourth = appendedAnswers(log, third.at)!;
  assert.deepEqual(fourth.answers, { ...NONE, '2xx': 10_000, '3xx': 1 });
  assert.deepEqual(appendedAnswers(log, fourth.at)!.answers, NONE);
  const flood = 200_000;
  appendFileSync(log, line(500).repeat(flood));
  const reckoned = appendedAnswers(log, fourth.at)!;
  assert.equal(reckoned.answers['5xx'], flood);
  assert.deepEqual(appendedAnswers(log, reckoned.at)!.answers, NONE);
});

test('a process and what descends from it are measured; one that is gone is unknown', { skip: process.platform !== 'linux' }, () => {
  const use = useOfTree(process.pid)!;
  assert.ok(use.cpuSeconds > 0 && use.memory > 10_000_000, JSON.stringify(use));
  assert.equal(useOfTree(2 ** 30), null);
});
