// For the engine's health checks: `node healthy.mjs <url>` ends with 0 where the part answers well, and says why where
// it does not. `own` as the host is this container's own name: what listens on its address only is found by it.
import { hostname } from 'node:os';

const url = process.argv[2].replace('//own:', `//${hostname()}:`);
try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  if (!answer.ok) console.log(`${url}: ${answer.status} ${(await answer.text()).slice(0, 500)}`);
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  console.log(`${url}: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
