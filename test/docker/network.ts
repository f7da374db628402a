/** What an engine changes in this machine's network, and does not take back when it ends. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';
const OPEN = ':FORWARD ACCEPT';

/** @returns what puts it back as it is now; it does nothing where another engine's rules are there already */
export function noteNetwork(): () => void {
  const forwarding = readFileSync(FORWARDING, 'utf8');
  const families = ['iptables', 'ip6tables'].map((family) => ({ family, rules: rulesOf(family) }));
  if (families.some(({ rules }) => /DOCKER/.test(rules))) return () => {};
  return () => {
    for (const { family, rules } of families) {
      const now = rulesOf(family);
      if (!/DOCKER/.test(now)) continue;
      const kept = now.split('\n').filter((line) => !line.includes('DOCKER')).join('\n');
      spawnSync(`${family}-restore`, { input: rules === '' || rules.includes(OPEN) ? kept.replace(/^:FORWARD DROP/m, OPEN) : kept });
    }
    // Where it may not be changed, the engine has not done so either.
    if (readFileSync(FORWARDING, 'utf8') !== forwarding) writeFileSync(FORWARDING, forwarding);
  };
}

/** Empty where there are none, or no such program. */
function rulesOf(family: string): string {
  return spawnSync(`${family}-save`, { encoding: 'utf8' }).stdout ?? '';
}
