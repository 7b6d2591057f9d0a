/** What the engine promises of builds that go on and builds that were: who began them, what they told, how they ended. */
import type { BuildEvent } from '../../../model/build-event.ts';

/** What is known of a build when it begins. */
export interface BuildFacts {
  /** As its client calls it. */
  readonly ref: string;
  readonly frontend: string;
  /** Without what could be secret: values of build arguments stay, as they stay in images. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly outputs: readonly {
    readonly type: string;
    readonly attributes: Readonly<Record<string, string>>;
  }[];
  /** It is not kept when it is over. */
  readonly internal: boolean;
}

/** A failure in few words, and with what protocols tell of it besides. */
export interface BuildFailure {
  readonly code: number;
  readonly message: string;
}

/** A build, as the history has it. */
export interface BuildRecord extends Omit<BuildFacts, 'internal'> {
  /** RFC 3339. */
  readonly createdAt: string;
  /** Undefined: it goes on. */
  readonly completedAt?: string | undefined;
  readonly failure?: BuildFailure | undefined;
  /** What the exporters answered. */
  readonly response: Readonly<Record<string, string>>;
  /** It is kept whatever its age. */
  readonly pinned: boolean;
  readonly steps: { readonly total: number; readonly completed: number; readonly cached: number };
  readonly warnings: number;
  /** Counts its changes. */
  readonly generation: number;
}

/** A change of the history. */
export interface HistoryChange {
  readonly is: 'started' | 'complete' | 'deleted';
  readonly record: BuildRecord;
}

/** A build that goes on, for who performs it. */
export interface TellingBuild {
  /** Resolves when there is room for the next. */
  readonly tell: (event: BuildEvent) => Promise<void> | undefined;
  /** Told once: it is over. */
  end(how: {
    readonly failure?: BuildFailure | undefined;
    readonly response: ReadonlyMap<string, string>;
  }): Promise<void>;
}

/** Builds that go on, and the last ones that were. */
export interface BuildHistory {
  /** @throws Conflict when one of that name goes on */
  begin(facts: BuildFacts): Promise<TellingBuild>;
  /** In the order of their beginning. */
  list(): readonly BuildRecord[];
  /** What changes from now on, until `signal` fires. */
  watch(signal: AbortSignal): AsyncIterable<HistoryChange>;
  /**
   * All that a build has told and tells, from its beginning to its end; one that is not there yet is waited for a moment.
   * @throws NotFound
   */
  follow(ref: string, signal: AbortSignal): AsyncIterable<readonly BuildEvent[]>;
  /** @throws NotFound */
  pin(ref: string, pinned: boolean): Promise<void>;
  /** One that goes on is ended by who performs it. @throws NotFound */
  forget(ref: string): Promise<void>;
}
