/** What the platform asks of whatever runs its containers. Nothing outside this directory knows which driver it is. */
import type { ContainerId } from '../domain/id.ts';

export interface ContainerSpec {
  readonly id: ContainerId;
  readonly role: 'site' | 'edge';
}

/** Whoever acts on a container names the incarnation it means; another one is refused. */
export interface ContainerRef {
  readonly id: ContainerId;
  readonly incarnation: number;
}

export interface ContainerInfo extends ContainerSpec {
  readonly slot: string;
  /** Whether its supervisor runs now. One that died stays listed until it is launched again or ended. */
  readonly running: boolean;
  /** The last lines it said, to explain one that does not run; at most 20. */
  readonly lastLines: readonly string[];
}

/** All of it may be repeated: twice is once. */
export interface ClusterDriver {
  /** `own`: the control worker decides how many there are. `engine`: the engine does, by its own rules. */
  readonly scaling: 'own' | 'engine';
  /**
   * Have one container running for this key; the same one again when it was launched before, started anew if it died.
   * @throws ReeveError `conflict` when the key belongs to another container; `step-failed` when it cannot be started
   */
  launch(spec: ContainerSpec, slotKey: string): Promise<ContainerInfo>;
  /**
   * Prepare the engine for its end: no new visitors are sent to it by the engine. That the edge stops sending them is
   * the agent's doing, which reads `container.wanted`.
   * @throws ReeveError `superseded` when another incarnation runs
   */
  drain(container: ContainerRef): Promise<void>;
  /**
   * End it, and remove all that it had on this engine. One that is not there is ended already.
   * @throws ReeveError `superseded` when another incarnation runs
   */
  end(container: ContainerRef): Promise<void>;
  list(): Promise<ContainerInfo[]>;
  inspect(id: ContainerId): Promise<ContainerInfo | null>;
}
