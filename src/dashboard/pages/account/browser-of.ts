import { parse } from 'bowser';

/** `Firefox 128 on Linux`: what a person knows a session by; what is no browser that is known says what it said. */
export function browserOf(agent: string | null): string {
  if (!agent) return 'Unknown';
  const { browser, os } = parse(agent);
  if (!browser.name) return agent;
  const version = browser.version?.split('.')[0];
  return `${browser.name}${version ? ` ${version}` : ''}${os.name ? ` on ${os.name}` : ''}`;
}
