/**
 * What clients may see of containers and of their names. A verb that takes time has several moments, which come in their
 * order: a stop finds it alive, perhaps thaws it, and has its end; others may see it between them.
 */
import type { Model } from '../linearizable.ts';

type Is = 'created' | 'starting' | 'running' | 'paused' | 'exited' | 'removing';

interface Box {
  readonly is: Is;
  /** Rises with each start. */
  readonly run: number;
}

/** Containers by id, who has which name, and what the verbs that are under way have found. */
export interface Boxes {
  readonly boxes: Readonly<Record<string, Box>>;
  /** Id by name; of one that is being made: nothing yet. */
  readonly names: Readonly<Record<string, string>>;
  readonly found: Readonly<Record<number, string>>;
}

/** One moment of a verb. `call`: what the moments of one verb have in common. */
export type BoxOp =
  | { readonly moment: 'reserve' | 'taken' | 'nobody'; readonly call: number; readonly name: string }
  | {
      readonly moment: 'add' | 'is found' | 'take' | 'release' | 'is its name' | 'cut create' | 'cut rename';
      readonly call: number;
      readonly id: string;
      readonly name: string;
    }
  | {
      readonly moment: 'is' | 'is not';
      readonly call: number;
      readonly id: string;
      /** `ending`: running, and somebody is at ending it. */
      readonly among: readonly (Is | 'ending')[];
    }
  | {
      readonly moment:
        | 'asked to end'
        | 'asked to end if alive'
        | 'thaw'
        | 'end'
        | 'begin'
        | 'ready'
        | 'pause'
        | 'unpause'
        | 'leave'
        | 'gone'
        | 'cut start'
        | 'cut end'
        | 'cut removal';
      readonly call: number;
      readonly id: string;
    };

const isAlive = (is: Is): boolean => is === 'running' || is === 'paused';

const READS: ReadonlySet<BoxOp['moment']> = new Set(['taken', 'nobody', 'is', 'is not', 'is its name']);

/** Containers of a few names. */
export const boxes: Model<Boxes, BoxOp> = {
  initial: { boxes: {}, names: {}, found: {} },
  isRead: ({ moment }) => READS.has(moment),
  key: ({ boxes, names, found }) =>
    JSON.stringify([Object.entries(boxes).sort(), Object.entries(names).sort(), Object.entries(found)]),
  step: (state, op) => ('name' in op ? stepOfName(state, op) : stepOfBox(state, op)),
};

type NameOp = Extract<BoxOp, { readonly name: string }>;

function stepOfName(state: Boxes, op: NameOp): readonly Boxes[] {
  const { names, found } = state;
  const holder = names[op.name];
  const named = (id: string): Boxes => ({ ...state, names: { ...names, [op.name]: id } });
  switch (op.moment) {
    case 'reserve':
      return holder === undefined ? [named('')] : [];
    case 'taken':
      return holder === undefined ? [] : [state];
    case 'nobody':
      return holder === undefined || holder === '' ? [state] : [];
    case 'add':
      return [made(named(op.id), op.id)];
    case 'cut create':
      return holder === undefined ? [made(named(op.id), op.id)] : [];
    case 'is found':
      return holder === op.id ? [state] : holder?.startsWith('?') ? [bound(state, holder, op.id)] : [];
    case 'is its name':
      return holder === op.id ? [state] : [];
    case 'take': {
      const old = nameOf(state, op.id);
      if (holder !== undefined || old === undefined || state.boxes[op.id]?.is === 'removing') return [];
      return [{ ...named(op.id), found: { ...found, [op.call]: old } }];
    }
    case 'release':
      return found[op.call] === undefined ? [] : [released(forgotten(state, op.call), found[op.call] ?? '')];
    case 'cut rename': {
      const old = nameOf(state, op.id);
      return holder !== undefined || old === undefined ? [] : [released(named(op.id), old)];
    }
    default:
      return op satisfies never;
  }
}

const made = (state: Boxes, id: string): Boxes => ({
  ...state,
  boxes: { ...state.boxes, [id]: { is: 'created', run: 0 } },
});
const nameOf = ({ names }: Boxes, id: string): string | undefined =>
  Object.keys(names).find((name) => names[name] === id);
const without = <T>(from: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  Object.fromEntries(Object.entries(from).filter(([each]) => each !== key));
const released = (state: Boxes, name: string): Boxes => ({ ...state, names: without(state.names, name) });
const forgotten = (state: Boxes, call: number): Boxes => ({
  ...state,
  found: without(state.found, String(call)),
});

/** Who was made by a call without an answer is known by its id from now on. */
function bound(state: Boxes, unknown: string, id: string): Boxes {
  const box = state.boxes[unknown];
  if (box === undefined || state.boxes[id] !== undefined) return state;
  const names = Object.entries(state.names).map(([name, each]) => [name, each === unknown ? id : each]);
  return {
    ...state,
    boxes: { ...without(state.boxes, unknown), [id]: box },
    names: Object.fromEntries(names),
  };
}

type OneBoxOp = Exclude<BoxOp, NameOp>;

function stepOfBox(state: Boxes, op: OneBoxOp): readonly Boxes[] {
  const box = state.boxes[op.id];
  if (op.moment === 'is not') return box === undefined || op.among.includes(box.is) ? [state] : [];
  const thisRun = `${op.id} ${box?.run}`;
  const isEnding = box?.is === 'running' && Object.values(state.found).includes(thisRun);
  if (op.moment === 'is')
    return box && (op.among.includes(box.is) || (isEnding && op.among.includes('ending'))) ? [state] : [];
  const become = (is: Is, more = 0, from = state): Boxes => ({
    ...from,
    boxes: { ...from.boxes, [op.id]: { is, run: (box?.run ?? 0) + more } },
  });
  if (box === undefined) return op.moment === 'end' || op.moment === 'thaw' ? [state] : [];
  const { is } = box;
  const asked = { ...state, found: { ...state.found, [op.call]: thisRun } };
  switch (op.moment) {
    case 'asked to end':
      return isAlive(is) ? [asked] : [];
    case 'asked to end if alive':
      return isAlive(is) ? [asked] : [state];
    case 'thaw':
      return is === 'paused' && state.found[op.call] === thisRun ? [become('running'), state] : [state];
    case 'end': {
      const isThatRun = isAlive(is) && state.found[op.call] === thisRun;
      const after = forgotten(state, op.call);
      return [isThatRun ? become('exited', 0, after) : after];
    }
    case 'begin':
      return is === 'created' || is === 'exited' ? [become('starting', 1)] : [];
    case 'ready':
      return is === 'starting' ? [become('running')] : [];
    case 'pause':
      return is === 'running' ? [become('paused')] : [];
    case 'unpause':
      return is === 'paused' ? [become('running')] : [];
    case 'leave':
      return is === 'removing' || is === 'starting' ? [] : [become('removing')];
    case 'gone':
      return is === 'removing' ? [left(state, op.id)] : [];
    case 'cut start':
      return isAlive(is) ? [] : [become('running', 1)];
    case 'cut end':
      return isAlive(is) ? [become('exited')] : [];
    case 'cut removal':
      return [left(state, op.id)];
    default:
      return op.moment satisfies never;
  }
}

function left(state: Boxes, id: string): Boxes {
  const name = nameOf(state, id);
  const rest = { ...state, boxes: without(state.boxes, id) };
  return name === undefined ? rest : released(rest, name);
}
