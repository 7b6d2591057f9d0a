/** What clients may see of a tag, of a volume and who uses it, and of a network and who is on it. */
import type { Model } from '../linearizable.ts';

/** A tag names one image, or none. */
export type TagOp =
  | { readonly moment: 'write' | 'read'; readonly id: string }
  | { readonly moment: 'remove' | 'absent' | 'there' };

/** A register of image ids; `?`: of an image whose build was cut off. */
export const tag: Model<string, TagOp> = {
  initial: '',
  key: (state) => state,
  isRead: ({ moment }) => moment === 'absent' || moment === 'there',
  step(state, op) {
    if (op.moment === 'write') return [op.id];
    if (op.moment === 'read') return state === op.id || state === '?' ? [op.id] : [];
    const isThere = state !== '';
    if (op.moment === 'remove') return isThere ? [''] : [];
    return isThere === (op.moment === 'there') ? [state] : [];
  },
};

/** What has members and goes only without them. */
export interface Held {
  readonly isThere: boolean;
  readonly members: readonly string[];
  /** Who is just coming or going: not told of, and yet it cannot go. */
  readonly passing: readonly string[];
}

/** Moments of a volume or a network. */
export type HeldOp =
  | { readonly moment: 'make' | 'make anew' | 'remove' | 'absent' | 'there' | 'held' }
  | {
      readonly moment: 'hold' | 'come' | 'join' | 'join or make' | 'leave' | 'go' | 'in' | 'out';
      readonly who: string;
    }
  | { readonly moment: 'member' | 'no member'; readonly who: string }
  | { readonly moment: 'members'; readonly who: readonly string[] };

const READS: ReadonlySet<HeldOp['moment']> = new Set([
  'absent',
  'there',
  'held',
  'member',
  'no member',
  'members',
]);

/** A set that is there or not. */
export const held: Model<Held, HeldOp> = {
  initial: { isThere: false, members: [], passing: [] },
  isRead: ({ moment }) => READS.has(moment),
  key: ({ isThere, members, passing }) => `${isThere} ${members.join()} ${passing.join()}`,
  step: (state, op) => ('who' in op ? stepOfMembers(state, op) : stepOfAll(state, op.moment)),
};

const when = (holds: boolean, next: Held): readonly Held[] => (holds ? [next] : []);

function stepOfAll(state: Held, moment: Exclude<HeldOp, { who: unknown }>['moment']): readonly Held[] {
  const { isThere, members, passing } = state;
  const isEmpty = members.length + passing.length === 0;
  switch (moment) {
    case 'make':
      return [{ ...state, isThere: true }];
    case 'make anew':
      return when(!isThere, { ...state, isThere: true });
    case 'remove':
      return when(isThere && isEmpty, { ...state, isThere: false });
    case 'absent':
      return when(!isThere, state);
    case 'there':
      return when(isThere, state);
    case 'held':
      return when(!isEmpty, state);
    default:
      return moment satisfies never;
  }
}

const more = (all: readonly string[], who: string): readonly string[] => [...all, who].toSorted();
const less = (all: readonly string[], who: string): readonly string[] => all.filter((each) => each !== who);

function stepOfMembers(state: Held, op: Extract<HeldOp, { who: unknown }>): readonly Held[] {
  const { isThere, members, passing } = state;
  if (op.moment === 'members') return when(isThere && op.who.toSorted().join() === members.join(), state);
  const { who } = op;
  const isMember = members.includes(who);
  const isPassing = passing.includes(who);
  switch (op.moment) {
    // Whoever makes or uses it has it from before it is there: nobody removes it meanwhile.
    case 'hold':
      return [{ ...state, passing: more(passing, who) }];
    case 'come':
      return when(isThere && !isMember && !isPassing, { ...state, passing: more(passing, who) });
    case 'join':
      return when(isPassing, { isThere, members: more(members, who), passing: less(passing, who) });
    case 'in':
      return when(isThere && !isMember, { ...state, members: more(members, who) });
    case 'join or make':
      return when(!isMember, { isThere: true, members: more(members, who), passing });
    case 'leave':
      return when(isMember, { isThere, members: less(members, who), passing: more(passing, who) });
    case 'go':
      return when(isPassing, { ...state, passing: less(passing, who) });
    case 'out':
      return when(isMember, { ...state, members: less(members, who) });
    case 'member':
      return when(isMember || isPassing, state);
    case 'no member':
      return when(!isMember, state);
    default:
      return op satisfies never;
  }
}
