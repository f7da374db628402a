/** How the parts of Reeve are told where the others are: the environment, checked once at the start. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { APP_ROLE } from './database/app-role.ts';
import { rolePassword } from './database/login-role.ts';
import { ReeveError } from './domain/errors.ts';

const Environment = z.object({
  /** The platform's own database; `reeve_app`'s password, where it has none, comes from the master key. */
  REEVE_DATABASE_URL: z.url(),
  /** 32 random bytes as hex, mode 0600: tokens, sessions, and the sites key come from it. */
  REEVE_MASTER_KEY_FILE: z.string(),
  TEMPORAL_ADDRESS: z.string().default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  /** Where people open the Temporal UI, for links. */
  REEVE_TEMPORAL_UI: z.url().optional(),
  /** Addresses the API listens on, comma separated, and its port. */
  REEVE_API_LISTEN: z.string().default('127.0.0.1,::1'),
  /** Whose X-Forwarded-For and -Proto are believed, as Express's `trust proxy` takes it. */
  REEVE_API_TRUSTED_PROXIES: z.string().default('loopback'),
  REEVE_API_PORT: z.coerce.number().int().default(8081),
  /** Where people open the dashboard: for links in mails, and the way back from signing in elsewhere. */
  REEVE_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Signing in through an OpenID Connect provider (src/sign-in/oidc/settings.ts); its way back is `<REEVE_URL>/sign-in/oidc/callback`. */
  REEVE_OIDC_ISSUER: z.url().optional(),
  REEVE_OIDC_CLIENT_ID: z.string().min(1).optional(),
  REEVE_OIDC_CLIENT_SECRET_FILE: z.string().optional(),
  /** What its button says. */
  REEVE_OIDC_NAME: z.string().default('single sign-on'),
  REEVE_OIDC_SCOPE: z.string().default('openid email profile'),
  /** Groups there that stand for teams here: `group=team,other group=other team`. */
  REEVE_OIDC_GROUPS_CLAIM: z.string().default('groups'),
  REEVE_OIDC_TEAMS: z.string().optional(),
  /** Where the control worker shows its metrics, to whoever can reach it there; nowhere when the port is not set. */
  REEVE_CONTROL_METRICS_LISTEN: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'),
  REEVE_CONTROL_METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  /** Prepared releases and the sites' directory stores. */
  REEVE_RELEASES_DIR: z.string(),
  REEVE_STORES_DIR: z.string(),
  /** A superuser of the server that holds the sites' databases; its row in `database_server` is named REEVE_SITES_SERVER. */
  REEVE_SITES_DATABASE_URL: z.url(),
  REEVE_SITES_SERVER: z.string().default('local'),
  /** Holds the password of both databases' URLs, for those that name none: a superuser's, for what sets up, and control. */
  REEVE_POSTGRES_PASSWORD_FILE: z.string().optional(),
  /** JSON for the process driver and the release tools (src/local/up.ts writes it). */
  REEVE_LOCAL_FILE: z.string().optional(),
  /** JSON for the Docker driver (src/cluster/docker-file.ts); it wins. */
  REEVE_DOCKER_FILE: z.string().optional(),
  /** Credentials of the S3-compatible server, when sites use it. */
  REEVE_S3_ACCESS_KEY: z.string().optional(),
  REEVE_S3_SECRET_KEY: z.string().optional(),
});

export type Config = z.infer<typeof Environment>;

/**
 * @throws ReeveError `invalid`, naming each variable that is missing or wrong
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const parsed = Environment.safeParse(environment);
  if (parsed.success) return withPassword(parsed.data);
  const errors = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new ReeveError('invalid', `the environment is not right: ${errors.map((e) => `${e.path}: ${e.message}`).join('; ')}`,
    { errors });
}

function withPassword(config: Config): Config {
  const { REEVE_POSTGRES_PASSWORD_FILE: file } = config;
  const filled = (text: string) => {
    const url = new URL(text);
    if (url.password || (url.username !== APP_ROLE && file === undefined)) return text;
    url.password = url.username === APP_ROLE ? rolePassword(readMasterKey(config), 'app') : readFileSync(file!, 'utf8').trim();
    return url.href;
  };
  return { ...config, REEVE_DATABASE_URL: filled(config.REEVE_DATABASE_URL), REEVE_SITES_DATABASE_URL: filled(config.REEVE_SITES_DATABASE_URL) };
}

/** The master key's 32 bytes. @throws ReeveError `invalid` when the file is not 64 hex digits */
export function readMasterKey(config: Pick<Config, 'REEVE_MASTER_KEY_FILE'>): Buffer {
  const text = readFileSync(config.REEVE_MASTER_KEY_FILE, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new ReeveError('invalid', `${config.REEVE_MASTER_KEY_FILE} is not a master key (64 hex digits)`);
  }
  return Buffer.from(text, 'hex');
}
