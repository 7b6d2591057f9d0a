/** The life of a container: its states, which verb is allowed in which, and how each state looks to clients. Pure. */

import type { EngineError } from '../../base/errors.ts';
import { NEVER } from '../../base/time.ts';
import type { ContainerState } from '../../model/container.ts';
import { containerFailure } from '../../model/failures/container.ts';

/** What is known of the last run; kept over the next start so that a start that fails changes nothing. */
export interface LastRun {
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Undefined: it ended while nobody could see how. */
  readonly exitCode: number | undefined;
  readonly oomKilled: boolean;
  /** Why the last start failed, or why the exit code is unknown. */
  readonly error: string;
}

export const NO_RUN: LastRun = {
  startedAt: NEVER,
  finishedAt: NEVER,
  exitCode: 0,
  oomKilled: false,
  error: '',
};

/** One run of a container. */
export interface Run {
  readonly startedAt: string;
  readonly pid: number;
  /** The machine's boot in which it runs; records of earlier releases do not tell. */
  readonly boot?: string;
  readonly last: LastRun;
}

/** The states, each with what holds in it. */
export type State =
  | { readonly is: 'created'; readonly last: LastRun }
  /** On record before the process is let go, so that no running container can be unknown. `last`: before this run. */
  | (Run & { readonly is: 'running' })
  | (Run & { readonly is: 'paused' })
  | { readonly is: 'restarting'; readonly last: LastRun }
  | { readonly is: 'exited'; readonly last: LastRun }
  | { readonly is: 'removing'; readonly last: LastRun }
  | { readonly is: 'dead'; readonly last: LastRun };

/** What can be asked of a container in a state. */
export type Verb = 'start' | 'stop' | 'kill' | 'pause' | 'unpause' | 'exec' | 'top';

const allowed: Readonly<Record<State['is'], readonly Verb[]>> = {
  created: ['start'],
  running: ['stop', 'kill', 'pause', 'exec', 'top'],
  paused: ['stop', 'kill', 'unpause', 'top'],
  restarting: ['start', 'stop', 'kill'],
  exited: ['start'],
  removing: [],
  dead: [],
};

/** What `verb` on a container in that state means to clients when it is not allowed. @throws Conflict, Unchanged */
export function assertAllowed(state: State, verb: Verb, id: string): void {
  if (allowed[state.is].includes(verb)) return;
  if (verb === 'start' && state.is === 'running') throw containerFailure.alreadyRunning({ id });
  if (verb === 'stop') throw containerFailure.alreadyStopped({ id });
  throw refusals[verb](state, id);
}

const refusals: Readonly<Record<Verb, (state: State, id: string) => EngineError>> = {
  start: (state, id) =>
    state.is === 'paused' ? containerFailure.startPaused() : containerFailure.startGoing({ id }),
  stop: (_state, id) => containerFailure.alreadyStopped({ id }),
  kill: (_state, id) => containerFailure.notRunning({ id }),
  pause: (state, id) =>
    state.is === 'paused' ? containerFailure.alreadyPaused({ id }) : notRunning(state, id),
  unpause: (_state, id) => containerFailure.notPaused({ id }),
  exec: (state, id) => (state.is === 'paused' ? containerFailure.execPaused({ id }) : notRunning(state, id)),
  top: notRunning,
};

function notRunning(state: State, id: string): EngineError {
  return state.is === 'restarting'
    ? containerFailure.restarting({ id })
    : containerFailure.notRunning({ id });
}

/** Whether a process of it exists. */
export const isAlive = (state: State): state is Extract<State, { pid: number }> =>
  state.is === 'running' || state.is === 'paused';

/** Clients want a number: this stands for a code that nobody knows, and `Error` says so. */
export const UNKNOWN_EXIT = 255;
/** The exit code that clients are shown; that of an unknown end when nobody knows it. */
export const exitCodeOf = (last: LastRun): number => last.exitCode ?? UNKNOWN_EXIT;

/** `State` of inspect. */
export function stateView(state: State): ContainerState {
  const alive = isAlive(state);
  return {
    Status: state.is,
    // A paused container is running too, in every version of the API.
    Running: alive || state.is === 'restarting',
    Paused: state.is === 'paused',
    Restarting: state.is === 'restarting',
    OOMKilled: alive ? false : state.last.oomKilled,
    Dead: state.is === 'dead',
    Pid: alive ? state.pid : 0,
    ExitCode: alive ? 0 : exitCodeOf(state.last),
    Error: alive ? '' : state.last.error,
    StartedAt: alive ? state.startedAt : state.last.startedAt,
    FinishedAt: state.last.finishedAt,
  };
}
