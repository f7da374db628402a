/** What is written to people. Plain text, since links in it are to be read before they are opened. */
import type { Letter } from './mail.ts';

const at = (url: string, path: string): string => `${url.replace(/\/+$/, '')}${path}`;

/** @param url where the dashboard is */
export function resetLetter(url: string, { to, text }: { to: string; text: string }): Letter {
  return {
    to, subject: 'A new password for Reeve',
    text: `Somebody, hopefully you, asked for a new password for ${to} at ${url}.\n\nSet it here, within two hours:\n${at(url, `/reset/${text}`)}\n\n`
      + 'If it was not you, do nothing: your password stays as it is.\n',
  };
}

export function invitationLetter(url: string, { to, text, by }: { to: string; text: string; by: string }): Letter {
  return {
    to, subject: 'You are invited to Reeve',
    text: `${by} invites you to Reeve at ${url}.\n\nCome in here, within seven days:\n${at(url, `/invite/${text}`)}\n\nThe link is good once, and for you alone.\n`,
  };
}
