/** A scenario measures one thing on every peer, in turns, and verifies each result. */
import type { Peer } from '../peers/peer.ts';

/** What one round gave: the figure of the scenario first, its parts after it. */
export type Figures = Readonly<Record<string, number>>;

/** A scenario ready to be measured on one peer. */
export interface Prepared {
  /** One round; a long one ends early when `signal` says so. @throws when the result is not what it must be: a broken engine must not look fast */
  once(signal: AbortSignal): Promise<Figures>;
  close(): Promise<void>;
}

/** One thing that is measured. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly unit: 'ms' | 'MiB' | 'count';
  /** Rounds unless the command line says otherwise; each peer is measured once a round. */
  readonly rounds: number;
  /** Peers need bridges and firewall rules: each gets a network namespace of its own. */
  readonly networked?: boolean;
  /** The peers that it is about, in place of those that all others are about. */
  readonly peers?: readonly string[];
  /** Unmeasured rounds before: caches and just-in-time compilers are warm in a real life too. */
  readonly warmUps: number;
  /** Undefined: this peer has nothing of the kind. */
  prepare(peer: Peer): Promise<Prepared | undefined>;
}
