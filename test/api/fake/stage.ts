/** What the verbs of the fake engine share. */
import type { Attachment, Engine } from '../../../src/engine/index.ts';
import type { KeptLogin } from '../../../src/model/registry.ts';

/** What the tests watch and steer. */
export interface Fake {
  readonly engine: Engine;
  readonly calls: [verb: string, ...args: unknown[]][];
  readonly names: Set<string>;
  running: boolean;
  terminal: boolean;
  /** A build's command fails, when it has told something. */
  failingBuilds: boolean;
  /** While set, a rename waits for it. */
  gate: Promise<void> | undefined;
  /** Ends what waits for the container's end. */
  exit(code: number): void;
  /** The attachments that were opened and not closed. */
  readonly open: Set<Attachment>;
  /** Signals of calls that may be cut off. */
  readonly signals: AbortSignal[];
}

/** What a verb can use. */
export interface Stage {
  readonly fake: Omit<Fake, 'engine'>;
  /** Resolves with the container's exit code. */
  readonly ended: Promise<number>;
  readonly open: Set<Attachment>;
  readonly signals: AbortSignal[];
  /** The login that is on record. */
  kept: KeptLogin | undefined;
  /** @throws NotFound */
  readonly known: (name: string) => void;
  readonly note: (...call: Fake['calls'][number]) => void;
}
