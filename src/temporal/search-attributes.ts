import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';

/** Name to type, as the development server's `--search-attribute` takes them. All are exact words, never prose. */
export const SEARCH_ATTRIBUTES = {
  SiteId: 'Keyword',
  Hostname: 'Keyword',
  ContainerId: 'Keyword',
  /** The run's final state, or `not-claimed`. */
  Outcome: 'Keyword',
  /** Who asked, e.g. `token:k012345678` or `system:retention`. */
  TriggeredBy: 'Keyword',
} as const;

export type SearchAttributeName = keyof typeof SEARCH_ATTRIBUTES;

const key = (name: SearchAttributeName) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

/** Typed pairs for those that have a value. */
export function searchAttributes(values: Partial<Record<SearchAttributeName, string | undefined>>): SearchAttributePair[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ key: key(name as SearchAttributeName), value }]);
}

// IndexedValueType KEYWORD of Temporal's public API, which the SDK does not export.
const KEYWORD = 2;

/**
 * Register those that the namespace lacks: a server refuses workflows with attributes it does not know.
 * @throws the SDK's ServiceError when the server is away or does not let us
 */
export async function ensureSearchAttributes(client: Client): Promise<void> {
  const namespace = client.options.namespace;
  const { operatorService } = client.connection as unknown as OperatorConnection;
  const present = await operatorService.listSearchAttributes({ namespace });
  const missing = Object.keys(SEARCH_ATTRIBUTES).filter((name) => !(name in (present.customAttributes ?? {})));
  if (missing.length === 0) return;
  await operatorService.addSearchAttributes({
    namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  });
}

interface OperatorConnection {
  operatorService: {
    listSearchAttributes(request: { namespace: string }): Promise<{ customAttributes?: Record<string, unknown> | null }>;
    addSearchAttributes(request: { namespace: string; searchAttributes: Record<string, number> }): Promise<unknown>;
  };
}
