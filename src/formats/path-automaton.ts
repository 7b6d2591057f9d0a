/** Patterns of paths, followed by all ways at once: a pattern costs the same whatever the path is. */

/** One part of a pattern. */
export type Step =
  /** One character. */
  | { readonly is: 'one'; readonly takes: (c: string) => boolean }
  /** Any number of characters. */
  | { readonly is: 'many'; readonly takes: (c: string) => boolean }
  /** Nothing, or whatever ends with a slash. */
  | { readonly is: 'directories' };

/** A path, or its characters where they have several units. */
export type Characters = string | readonly string[];

/** What one character does: bit by bit, from where it leads on, and where it leaves the place. */
interface Moves {
  readonly on: Int32Array;
  readonly stay: Int32Array;
}

const BITS = 32;
const always = (): boolean => true;

/** A pattern, ready to be held against paths. Places in it are bits: place n is reached when n characters' steps were. */
export class PathAutomaton {
  readonly #ones: ((c: string) => boolean)[] = [];
  readonly #loops: [place: number, takes: (c: string) => boolean][] = [];
  /** Places that may be skipped when they are entered, not later. */
  readonly #optional: Int32Array;
  readonly #words: number;
  readonly #moves = new Map<string, Moves>();
  readonly #ascii: (Moves | undefined)[] = [];

  constructor(steps: readonly Step[]) {
    const optional: number[] = [];
    for (const step of steps) {
      const place = this.#ones.length;
      if (step.is === 'one') this.#ones.push(step.takes);
      else if (step.is === 'many') this.#loops.push([place, step.takes]);
      else if (optional.at(-1) !== place - 1) {
        this.#ones.push((c) => c === '/');
        this.#loops.push([place, always]);
        optional.push(place);
      }
    }
    this.#words = Math.floor(this.#ones.length / BITS) + 1;
    this.#optional = this.#bits(optional);
  }

  /** All of the path. */
  matches(path: Characters): boolean {
    return this.#atEnd(this.#run(path, false));
  }

  /** The path, or a directory that it is in. */
  matchesIn(path: Characters): boolean {
    return this.#atEnd(this.#run(path, true));
  }

  /** Something below the directory could match. */
  couldMatchBelow(directory: Characters): boolean {
    const state = this.#run(directory, true);
    if (this.#atEnd(state)) return true;
    this.#move(state, '/');
    return state.some((word) => word !== 0);
  }

  /** The places reached; with `parents` no further than to the first directory that matches. */
  #run(path: Characters, parents: boolean): Int32Array {
    const state = this.#bits([0]);
    this.#skip(state);
    for (let i = 0; i < path.length; i++) {
      const c = path[i]!;
      if (parents && c === '/' && this.#atEnd(state)) return state;
      if (!this.#move(state, c)) return state;
    }
    return state;
  }

  #atEnd(state: Int32Array): boolean {
    const end = this.#ones.length;
    return (state[Math.floor(end / BITS)]! & (1 << (end % BITS))) !== 0;
  }

  /** False when no place is left. */
  #move(state: Int32Array, c: string): boolean {
    const { on, stay } = this.#movesOf(c);
    let carried = 0;
    let carriedSkip = 0;
    let left = 0;
    for (let w = 0; w < this.#words; w++) {
      const leaving = state[w]! & on[w]!;
      const entered = (leaving << 1) | carried;
      const skipped = entered & this.#optional[w]!;
      state[w] = entered | (skipped << 1) | carriedSkip | (state[w]! & stay[w]!);
      carried = leaving >>> (BITS - 1);
      carriedSkip = skipped >>> (BITS - 1);
      left |= state[w]!;
    }
    return left !== 0;
  }

  /** At the beginning, which nothing enters. */
  #skip(state: Int32Array): void {
    if ((this.#optional[0]! & 1) !== 0) state[0]! |= 2;
  }

  #movesOf(c: string): Moves {
    const code = c.length === 1 ? c.charCodeAt(0) : ASCII;
    const known = code < ASCII ? this.#ascii[code] : this.#moves.get(c);
    if (known) return known;
    const moves = this.#newMoves(c);
    if (code < ASCII) this.#ascii[code] = moves;
    else if (this.#moves.size < MOVES_MAX) this.#moves.set(c, moves);
    return moves;
  }

  #newMoves(c: string): Moves {
    return {
      on: this.#bits(this.#ones.flatMap((takes, place) => (takes(c) ? [place] : []))),
      stay: this.#bits(this.#loops.flatMap(([place, takes]) => (takes(c) ? [place] : []))),
    };
  }

  #bits(places: readonly number[]): Int32Array {
    const bits = new Int32Array(this.#words);
    for (const place of places) bits[Math.floor(place / BITS)]! |= 1 << (place % BITS);
    return bits;
  }
}

const ASCII = 128;
/** Characters beyond ASCII whose moves are kept: names have few different ones. */
const MOVES_MAX = 256;
