import { type ErrorFields, ReeveError } from '../domain/errors.ts';

interface PostgresError extends Error {
  code?: string;
  detail?: string;
  constraint?: string;
}

// Connection failures (class 08, shutdown 57P0x, too many connections 53300, a transaction that stood still 25P03, a
// statement that took too long 57014), and the socket's own and the resolver's.
const AWAY = /^(08...|57P0.|57014|53300|25P03|ECONNREFUSED|ECONNRESET|EHOST(DOWN|UNREACH)|ENETUNREACH|ENOENT|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN)$/;
// pg's own words, which have no code.
const AWAY_WORDS = /timeout exceeded when trying to connect|Connection terminated|not queryable|Query read timeout/;

/**
 * Postgres's error as one of ours, by its SQLSTATE (`RV…` are raised by change() and its kin, with JSON in their
 * detail). Anything unknown comes back as it was.
 */
export function fromPostgres(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ReeveError) return error;
  const { code, detail, constraint, message } = error as PostgresError;
  const fields = code?.startsWith('RV') && detail ? (JSON.parse(detail) as ErrorFields) : {};
  switch (code) {
    case 'RV001': return new ReeveError('not-found', message, fields, error);
    case 'RV002':
      if (fields.exists) return new ReeveError('exists', message, fields, error);
      if (fields.field === 'rev') return new ReeveError('stale', message, fields, error);
      return new ReeveError('conflict', fields.field === 'phase' ? phaseWords(fields) : message, fields, error);
    case 'RV003': return new ReeveError('busy', message, fields, error);
    case 'RV004': return new ReeveError('approval-needed', message, fields, error);
    case 'RV005': return new ReeveError('superseded', message, fields, error);
    // What the border should have refused (src/api/storable.ts), e.g. in an address: still nothing that went wrong here.
    case '22021': return new ReeveError('invalid', 'it holds characters that cannot be stored, e.g. a zero byte', {}, error);
    case '23505': return new ReeveError('exists', `it exists already (${constraint})`, { constraint }, error);
    default:
      if ((code && AWAY.test(code)) || AWAY_WORDS.test(message)) {
        return new ReeveError('unavailable', 'the platform’s database does not answer', {}, error);
      }
      return error;
  }
}

/** `site s012345678 is deleted; this takes one that is live or suspended`. */
function phaseWords({ table, id, found, expected }: ErrorFields): string {
  const wanted = Array.isArray(expected) ? expected.join(' or ') : String(expected);
  return `${table} ${id} is ${found}; this takes one that is ${wanted}`;
}

/** Await a query and rethrow its failure as one of ours. */
export async function translated<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw fromPostgres(error);
  }
}
