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
  /** The places reached: used again for each path, as a context has many. */
  readonly #state: Int32Array;
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
    this.#state = new Int32Array(this.#words);
  }

  /** All of the path. */
  matches(path: Characters): boolean {
    this.#run(path, false);
    return this.#atEnd();
  }

  /** The path, or a directory that it is in. */
  matchesIn(path: Characters): boolean {
    this.#run(path, true);
    return this.#atEnd();
  }

  /** Something below the directory could match. */
  couldMatchBelow(directory: Characters): boolean {
    this.#run(directory, true);
    return this.#atEnd() || this.#move('/');
  }

  /** With `parents` no further than to the first directory that matches. */
  #run(path: Characters, parents: boolean): void {
    this.#state.fill(0);
    this.#state[0] = (this.#optional[0]! & 1) === 0 ? 1 : 3;
    for (let i = 0; i < path.length; i++) {
      const c = path[i]!;
      if (parents && c === '/' && this.#atEnd()) return;
      if (!this.#move(c)) return;
    }
  }

  #atEnd(): boolean {
    const end = this.#ones.length;
    return (this.#state[Math.floor(end / BITS)]! & (1 << (end % BITS))) !== 0;
  }

  /** False when no place is left. */
  #move(c: string): boolean {
    const state = this.#state;
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
