/** Whether this engine runs what the tests run, asked first and cheaply: its kernel or its privileges may not let it. */
import type Docker from 'dockerode';
import { BASE } from './base.ts';
import { FAMILY } from './leftovers.ts';
import { Unavailable } from './steps.ts';

/** Where pip looks for what a release needs. */
const INDEX = 'pypi.org';
const MIRRORS = [INDEX, 'registry.npmjs.org'];
const NOT_REACHED = 7;
const reaches = (host: string) => `timeout 20 bash -c 'exec 3<>/dev/tcp/${host}/443' || exit ${NOT_REACHED}`;

/**
 * @param name  for a network, which goes again
 * @returns why containers reach nothing outside, in one line; null where they do
 * @throws Unavailable where none runs on a network of the engine's
 */
export async function whyNoInternet(docker: Docker, name: string): Promise<string | null> {
  const network = await docker.createNetwork({ Name: name, Driver: 'bridge' }).catch(refused);
  try {
    return await ended(docker, name, reaches(INDEX)) === 0 ? null : `containers do not reach ${INDEX}`;
  } finally {
    await network.remove();
  }
}

/** @returns why nothing could be built here, whatever the Dockerfile says; null where it could */
export async function whyNoBuild(docker: Docker): Promise<string | null> {
  const command = ['apt-get update -qq -o APT::Update::Error-Mode=any || exit 1', ...MIRRORS.map(reaches)].join('\n');
  const code = await ended(docker, 'host', command);
  return code === 0 ? null : code === NOT_REACHED ? `builds do not reach ${MIRRORS.join(' or ')}` : 'builds do not reach Debian’s mirror';
}

async function ended(docker: Docker, network: string, command: string): Promise<number> {
  const one = await docker.createContainer({
    Image: BASE, Cmd: ['bash', '-c', command], Labels: { 'reeve.platform': FAMILY }, HostConfig: { NetworkMode: network },
  }).catch(refused);
  try {
    await one.start().catch(refused);
    return (await one.wait()).StatusCode;
  } finally {
    await one.remove({ force: true });
  }
}

const refused = (error: Error): never => {
  throw new Unavailable(`the engine runs no container: ${error.message}`);
};
