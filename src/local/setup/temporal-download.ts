// A program: downloads Temporal's command line tool into a directory with the SDK's own downloader. In a process of
// its own, since a download under way cannot be cancelled but by ending it.
//
//   node temporal-download.ts <directory> <version>
import { mkdirSync } from 'node:fs';
import { Runtime } from '@temporalio/worker';

const [directory, version] = process.argv.slice(2) as [string, string];
mkdirSync(directory, { recursive: true });
const runtime = Runtime.instance();
// The downloader also starts what it brought; that one keeps its state in memory and is ended at once.
const server = await runtime.createEphemeralServer({
  type: 'dev-server',
  exe: {
    type: 'cached-download',
    downloadDir: directory,
    version: `v${version}`,
    ttl: 0,
    sdkName: 'sdk-typescript',
    sdkVersion: '1.24.0',
  },
  namespace: 'default',
  ip: '127.0.0.1',
  port: null,
  uiPort: null,
  dbFilename: null,
  ui: false,
  log: { format: 'pretty', level: 'error' },
  extraArgs: [],
});
await runtime.shutdownEphemeralServer(server);
