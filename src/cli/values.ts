/** Options that a person writes as `name=value`. */
import { InvalidArgumentError } from 'commander';

/** For commander: gathers `--setting k=v` given several times. Numbers, true, false and null are read as JSON. */
export function collectSetting(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const { name, value } = splitPair(text);
  return { ...before, [name]: parseValue(value) };
}

/** For commander: gathers an option given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** `NAME=value`; the value may hold more equals signs and may be empty. @throws InvalidArgumentError */
export function splitPair(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError(`${JSON.stringify(text)} is not written name=value.`);
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

function parseValue(text: string): unknown {
  if (/^(-?\d+(\.\d+)?|true|false|null|\[.*\]|\{.*\}|".*")$/s.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // e.g. 007, which is meant as it stands
    }
  }
  return text;
}

/** For commander: how many. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError(`${JSON.stringify(text)} is not a whole number from 1 to 999999.`);
  return Number(text);
}

/** `www.example.org` or `www.example.org:redirect`. */
export function parseHostname(text: string): { hostname: string; role?: string } {
  const [, hostname, role] = text.match(/^(.*?)(?::(primary|alias|redirect))?$/s)!;
  return role === undefined ? { hostname: hostname! } : { hostname: hostname!, role };
}
