import type Docker from 'dockerode';
import { asked, unless } from './docker-errors.ts';

/** The last 20 lines that it said; none where it is gone meanwhile. */
export async function lastLines(container: Docker.Container): Promise<string[]> {
  const said = await asked(async () => await container.logs({ stdout: true, stderr: true, tail: 20 }).catch(unless(404, 409)));
  // Frames of the attach stream: 8 bytes before each, of which the last four are the length.
  const lines: string[] = [];
  for (let at = 0, all = said ? Buffer.from(said as unknown as Uint8Array) : Buffer.alloc(0); at + 8 <= all.length;) {
    const length = all.readUInt32BE(at + 4);
    lines.push(...all.toString('utf8', at + 8, at + 8 + length).split('\n'));
    at += 8 + length;
  }
  return lines.filter((line) => line !== '').slice(-20);
}
