/** Columns for people, as Go's `text/tabwriter` sets them: as wide as the widest of each, and blanks between. */

/** A line a row; the last column is not filled up. */
export function columns(rows: readonly (readonly string[])[], blanks: number): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, lengthOf(cell) + blanks);
    });
  return rows.map((row) => `${lineOf(row, widths)}\n`).join('');
}

const lineOf = (row: readonly string[], widths: readonly number[]): string =>
  row
    .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - lengthOf(cell))))
    .join('');

/** Characters, not units of them. */
const lengthOf = (text: string): number => Array.from(text).length;
