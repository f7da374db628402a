/** What a container really runs, as its agent records it in Postgres. */
import type { Generation } from './generation.ts';
import type { SiteId } from './id.ts';

export type ContainerState = 'starting' | 'ready' | 'draining' | 'ended';
export type ContainerWanted = 'running' | 'drained' | 'ended';

/** Why a container does not serve the newest state yet, or not for some site: typed, and shown to people. */
export type Waiting =
  | { readonly on: 'database'; readonly message: string }
  | { readonly on: 'nginx'; readonly message: string }
  | { readonly on: 'emperor'; readonly message: string }
  | { readonly on: 'disk'; readonly message: string }
  | { readonly on: 'release'; readonly release: string; readonly message: string }
  | { readonly on: 'vassal'; readonly site: SiteId; readonly message: string }
  | { readonly on: 'refused'; readonly message: string };

export interface Quarantined {
  readonly site: SiteId;
  readonly wantedRev: number;
  /** The rev whose files are still in service; null when none ever was. */
  readonly servedRev: number | null;
  readonly reason: string;
}

/** One file that was not as last written. */
export interface Drift {
  readonly path: string;
  readonly kind: 'missing' | 'changed' | 'extra';
}

export interface VassalCounts {
  readonly awake: number;
  readonly asleep: number;
  readonly starting: number;
  readonly failing: number;
}

/** What a container carries, averaged since the last look. Null: not measured yet, or not measurable on this system. */
export interface Load {
  /** Share of its cores, 0 to 1. */
  readonly cpu: number | null;
  /** Share of the memory that it may use, 0 to 1: what its processes hold alone, and once what they share. */
  readonly memory: number | null;
  /** Visitors' requests a second. */
  readonly requests: number | null;
  /** Sites whose code is loaded. */
  readonly awake: number;
}

/**
 * A container's own record, written by its agent at each pass that changed something and with each lease.
 * `generation` is the newest one whose routing nginx has proved to serve; sites that are not at their wanted rev are
 * named in `waitingOn` (vassal) or `quarantined`, and count as served for no one.
 */
export interface ContainerRecord extends Generation {
  readonly state: ContainerState;
  readonly digests: { readonly desired: string; readonly files: string };
  readonly waitingOn: readonly Waiting[];
  readonly quarantined: readonly Quarantined[];
  readonly drift: readonly Drift[];
  readonly vassals: VassalCounts;
  /** Absent until it has been measured. */
  readonly load?: Load | undefined;
}
