/** How large an expression of Go's becomes when its counted repetitions are written out, read from its text. Pure. */

/** RE2 refuses counts beyond it, and counts within counts whose product is beyond it. */
const COUNT_MAX = 1000;

/** A piece of an expression: its atoms, and how often at most one of them is repeated by counts. */
interface Piece {
  readonly atoms: number;
  readonly repeated: number;
}
const NOTHING: Piece = { atoms: 0, repeated: 1 };

const both = (a: Piece, b: Piece): Piece => ({
  atoms: a.atoms + b.atoms,
  repeated: Math.max(a.repeated, b.repeated),
});

/**
 * About as many instructions as the expression has atoms once written out. Counts that RE2 refuses count for nothing:
 * such an expression is never written out.
 */
export function writtenOutSize(source: string): number {
  // The groups that are open, from the outermost; and the last piece, which a count would repeat.
  const open: Piece[] = [NOTHING];
  let last = NOTHING;
  const add = (piece: Piece): void => {
    last = piece;
    open[open.length - 1] = both(open.at(-1) ?? NOTHING, piece);
  };
  for (let at = 0; at < source.length; ) {
    const c = source[at];
    const count = c === '{' ? countAt(source, at) : undefined;
    if (c === '(') open.push(NOTHING);
    else if (c === ')' && open.length > 1) add(both(open.pop() ?? NOTHING, { atoms: 1, repeated: 1 }));
    else if (count) add(more(last, count));
    else add({ atoms: c === '\\' && source[at + 1] === 'Q' ? quoteEnd(source, at) - at : 1, repeated: 1 });
    at = count?.end ?? atomEnd(source, at);
  }
  return open.reduce(both).atoms;
}

interface Count {
  /** The most that are written out. */
  readonly times: number;
  /** As RE2 counts it: `{3,}` is three and a star. */
  readonly counted: number;
  readonly end: number;
}

/** What a count adds to the piece that it repeats. */
function more({ atoms, repeated }: Piece, { times, counted }: Count): Piece {
  if (repeated * counted > COUNT_MAX) return { atoms: 1, repeated: repeated * counted };
  return { atoms: atoms * Math.max(0, times - 1), repeated: repeated * counted };
}

/** `{3}`, `{3,}`, `{3,5}` at a place of the text. */
function countAt(source: string, at: number): Count | undefined {
  const count = /\{(\d{1,9})(,(\d{0,9}))?\}/y;
  count.lastIndex = at;
  const [whole, from = '', comma, to] = count.exec(source) ?? [];
  if (whole === undefined) return undefined;
  const counted = Number(to || from);
  return { counted, times: counted + (comma && !to ? 1 : 0), end: at + whole.length };
}

function atomEnd(source: string, at: number): number {
  if (source[at] === '[') return classEnd(source, at);
  if (source[at] !== '\\') return at + 1;
  const kind = source[at + 1] ?? '';
  if (kind === 'Q') return quoteEnd(source, at);
  const end = 'xpP'.includes(kind) && source[at + 2] === '{' ? source.indexOf('}', at) : -1;
  return end < 0 ? at + 2 : end + 1;
}

/** Where `[a-z]` ends, with names like `[:alpha:]` in it. A bracket that closes at once is one of the members. */
function classEnd(source: string, from: number): number {
  let at = from + (source[from + 1] === '^' ? 2 : 1);
  if (source[at] === ']') at++;
  while (at < source.length && source[at] !== ']') {
    const named = source.startsWith('[:', at) ? source.indexOf(':]', at + 2) : -1;
    if (named >= 0) at = named + 2;
    else at += source[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}

/** Where `\Q…\E` ends. Without an end all that follows is meant as it stands. */
function quoteEnd(source: string, at: number): number {
  const end = source.indexOf('\\E', at + 2);
  return end < 0 ? source.length : end + 2;
}
