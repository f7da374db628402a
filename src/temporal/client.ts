import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Config } from '../config.ts';

export type TemporalConfig = Pick<Config, 'TEMPORAL_ADDRESS' | 'TEMPORAL_NAMESPACE'>;

/**
 * Where Temporal is and how to reach it, by the SDK's own environment configuration (`TEMPORAL_*`: TLS, mTLS, API key,
 * profiles), with address and namespace as our configuration says.
 */
export function connectionSettings(config: TemporalConfig, environment: NodeJS.ProcessEnv = process.env): {
  connection: ConnectionOptions; namespace: string;
} {
  const overrideEnvVars = Object.fromEntries(
    Object.entries({ ...environment, TEMPORAL_ADDRESS: config.TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE: config.TEMPORAL_NAMESPACE })
      .filter((entry): entry is [string, string] => entry[1] !== undefined));
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars });
  return { connection: connectionOptions as ConnectionOptions, namespace: namespace ?? config.TEMPORAL_NAMESPACE };
}

/**
 * A client that connects at its first use and again whenever it must: whoever holds one may start before Temporal.
 * Close it with `client.connection.close()`.
 */
export function createClient(config: TemporalConfig): Client & { connection: Connection } {
  const { connection, namespace } = connectionSettings(config);
  return new Client({ connection: Connection.lazy(connection), namespace }) as Client & { connection: Connection };
}
