import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { followFile } from '../../src/agent/listener/tail.ts';
import { cutLog } from '../../src/agent/vassals/cut-log.ts';
import { lastLines } from '../../src/agent/vassals/log-tail.ts';
import { until } from '../local/wait.ts';

test('a grown log is kept once and begun anew, by the very file that its writer has open', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-cut-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const log = join(directory, 'emperor.log');
  assert.equal(cutLog(log, 10), false, 'there is none yet');
  const fd = openSync(log, 'a');
  t.after(() => closeSync(fd));
  writeSync(fd, 'ten bytes.');
  assert.equal(cutLog(log, 10), false);
  assert.equal(existsSync(`${log}.1`), false);
  writeSync(fd, ' more');
  assert.equal(cutLog(log, 10), true);
  writeSync(fd, 'and on');
  assert.equal(readFileSync(`${log}.1`, 'utf8'), 'ten bytes. more');
  assert.equal(readFileSync(log, 'utf8'), 'and on');
});

/** The kernel's says 4096 bytes and holds six: as a log does that is cut between the two looks. */
const SHORTER = '/sys/class/net/lo/mtu';
test('of a log that is shorter than it was a moment ago, no more comes than is there', { skip: !existsSync(SHORTER) }, () => {
  assert.equal(lastLines({ path: SHORTER }, 20), readFileSync(SHORTER, 'utf8').trimEnd());
});

test('of a followed log that grows by more than is read at once, also since it was cut, the last lines come, and whole ones', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-follow-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const log = join(directory, 'site.log');
  const line = (n: number) => `${String(n).padStart(60, '.')}`;
  writeFileSync(log, Array.from({ length: 20_000 }, (_, n) => `${line(n)}\n`).join(''));
  for (const [what, offset] of [['grown', 61], ['cut', 10_000_000]] as const) {
    const lines: string[] = [];
    const abort = new AbortController();
    followFile({ path: log }, offset, async (each) => { lines.push(each); }, abort.signal);
    await until('the last line', () => lines.at(-1) === line(19_999));
    abort.abort();
    const first = 20_000 - lines.length;
    assert.deepEqual(lines, Array.from({ length: lines.length }, (_, n) => line(first + n)), what);
    assert.ok(lines.length > 0 && lines.length * 61 <= 512 * 1024, `${what}: ${lines.length} lines are more than is read`);
  }
});
