/**
 * Whether a history of calls on one object can be explained by doing them one at a time, each at a moment between its
 * question and its answer (the search of Wing and Gong, with the memory of Lowe: what was tried is not tried again).
 */

/** One call on an object. */
export interface Call<Op> {
  /** What was asked for, and what was answered. */
  readonly op: Op;
  readonly invokedAt: number;
  /** When it was answered; for a call without an answer: when it can have had no more effect. */
  readonly returnedAt: number;
  /** Not answered: it may have happened, or not. */
  readonly isMaybe: boolean;
  /** What comes before it: one verb may have several moments, in their order. */
  readonly behind?: Call<Op>;
}

/** What an object does. */
export interface Model<State, Op> {
  readonly initial: State;
  /** Every state that the object may be in when it has answered so; none: in this state it cannot answer so. */
  step(state: State, op: Op): readonly State[];
  /** Whether it changes no state at all, so that no later moment is better for it than the first at which it can be. */
  isRead(op: Op): boolean;
  /** The same text for states that are the same. */
  key(state: State): string;
}

/** Why there is no order: how far the best attempt came, and the calls of which none could be next. */
export interface Unexplained<State, Op> {
  readonly done: number;
  readonly state: State;
  readonly next: readonly Call<Op>[];
}

/** More than this was tried: the history is too wide to be judged. */
const TRIED_MAX = 1_000_000;

/** Which calls an attempt has behind it: all before `first`, and some beyond it. */
interface Place<State> {
  readonly state: State;
  readonly first: number;
  /** In rising order. */
  readonly beyond: readonly number[];
}

/** Undefined: there is such an order. @throws RangeError when the search gives up */
export function unexplained<State, Op>(
  model: Model<State, Op>,
  history: readonly Call<Op>[],
): Unexplained<State, Op> | undefined {
  const calls = history.toSorted((a, b) => a.invokedAt - b.invokedAt);
  const indexes = new Map(calls.map((call, index) => [call, index]));
  const behind = calls.map((call) => (call.behind === undefined ? -1 : (indexes.get(call.behind) ?? -1)));
  const tried = new Set<string>();
  const places: Place<State>[] = [{ state: model.initial, first: 0, beyond: [] }];
  let best = places[0] as Place<State>;
  for (let popped = places.pop(); popped !== undefined; popped = places.pop()) {
    const place = withReads(model, calls, behind, popped);
    if (place.first === calls.length) return undefined;
    if (doneIn(place) > doneIn(best)) best = place;
    const key = `${place.first}:${place.beyond.join()} ${model.key(place.state)}`;
    if (tried.has(key)) continue;
    if (tried.add(key).size > TRIED_MAX) throw new RangeError('the history is too wide to be judged');
    // The first to be answered is tried first: what is popped next is what was pushed last.
    for (const index of open(calls, behind, place).sort((a, b) => answered(calls, b) - answered(calls, a)))
      for (const state of after(model, calls, place.state, index))
        places.push(advanced(calls, place, index, state));
  }
  const next = open(calls, behind, best).flatMap((index) => calls[index] ?? []);
  return { done: doneIn(best), state: best.state, next };
}

const answered = (calls: readonly Call<unknown>[], index: number): number => calls[index]?.returnedAt ?? 0;
const doneIn = ({ first, beyond }: Place<unknown>): number => first + beyond.length;

/** Calls that may be next: no other that is still to come was answered before they were asked. */
function open(
  calls: readonly Call<unknown>[],
  behind: readonly number[],
  { first, beyond }: Place<unknown>,
): number[] {
  const found: number[] = [];
  let earliest = Number.POSITIVE_INFINITY;
  for (let index = first; index < calls.length; index++) {
    const call = calls[index] as Call<unknown>;
    if (call.invokedAt > earliest) break;
    if (beyond.includes(index)) continue;
    const before = behind[index] as number;
    if (before < first || beyond.includes(before)) found.push(index);
    earliest = Math.min(earliest, call.returnedAt);
  }
  return found;
}

function after<State, Op>(
  model: Model<State, Op>,
  calls: readonly Call<Op>[],
  state: State,
  index: number,
): readonly State[] {
  const { op, isMaybe } = calls[index] as Call<Op>;
  const states = model.step(state, op);
  return isMaybe ? [...states, state] : states;
}

function advanced<State>(
  calls: readonly Call<unknown>[],
  { first, beyond }: Place<unknown>,
  index: number,
  state: State,
): Place<State> {
  const done = new Set(beyond).add(index);
  let next = first;
  while (next < calls.length && done.delete(next)) next++;
  return { state, first: next, beyond: [...done].sort((a, b) => a - b) };
}

/** Reads that can be next are done at once. */
function withReads<State, Op>(
  model: Model<State, Op>,
  calls: readonly Call<Op>[],
  behind: readonly number[],
  from: Place<State>,
): Place<State> {
  for (let place = from; ; ) {
    const read = open(calls, behind, place).find((index) => {
      const { op } = calls[index] as Call<Op>;
      return model.isRead(op) && after(model, calls, place.state, index).length > 0;
    });
    if (read === undefined) return place;
    place = advanced(calls, place, read, place.state);
  }
}
