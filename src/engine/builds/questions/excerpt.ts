/** Lines of a Dockerfile with those around them, as clients of BuildKit show what is wrong. */
import { textOf } from '../../../formats/byte-text.ts';
import type { Position } from '../../../formats/dockerfile/instruction.ts';
import type { SourceFile } from '../../../model/build-event.ts';

const RULER = `${'-'.repeat(20)}\n`;

/** Nothing for a place that is not in the file. */
export function excerpt({ filename, bytes }: SourceFile, { line, endLine }: Position): string {
  const lines = textOf(bytes.toString('latin1')).split('\n');
  if (line < 1 || line > lines.length) return '';
  const last = Math.min(endLine, lines.length);
  const { from, to } = around(line, last, lines.length);
  const shown = lines.slice(from - 1, to).map((text, i) => {
    const at = from + i;
    const mark = at >= line && at <= last ? '>>>' : '   ';
    return ` ${String(at).padStart(3)} | ${mark} ${text}\n`;
  });
  return `${filename}:${line}\n${RULER}${shown.join('')}${RULER}`;
}

/** A line or two on either side: more for one line than for several. */
function around(line: number, last: number, count: number): { from: number; to: number } {
  const wanted = last === line ? 4 : 2;
  let [from, to] = [line, last];
  for (let added = 0; added < wanted; added++) {
    if (from > 1) {
      from--;
      added++;
    }
    if (to < count) {
      to++;
      added++;
    }
  }
  return { from, to };
}
