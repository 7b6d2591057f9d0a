/** Progress of long operations in the forms of older versions. */
import { type Doc, isDoc } from '../place.ts';

/** The bar that clients print as it comes: newer ones draw it themselves from `progressDetail`. */
export function progressText(detail: unknown): string | undefined {
  if (!isDoc(detail)) return undefined;
  const current = Number(detail.current ?? 0);
  const total = Number(detail.total ?? 0);
  if (current <= 0 && total <= 0) return undefined;
  if (total <= 0) return humanSize(current).padStart(8);
  const done = Math.max(0, Math.min(50, Math.floor((current / total) * 50)));
  return `[${'='.repeat(done)}>${' '.repeat(50 - done)}] ${humanSize(current).padStart(8)}/${humanSize(total)}`;
}

function humanSize(bytes: number): string {
  let size = bytes;
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (size < 1000) return `${Number(size.toPrecision(4))} ${unit}`;
    size /= 1000;
  }
  return `${Number(size.toPrecision(4))} TB`;
}

/** Below 1.1: lines of text; updates of one thing end with a carriage return only. */
export function asText(message: Doc): string {
  if (typeof message.error === 'string') return `Error: ${message.error}\r\n`;
  if (typeof message.stream === 'string') return message.stream;
  const status = String(message.status ?? '');
  const bar = message.progress ?? progressText(message.progressDetail);
  return bar ? `${status} ${bar}\r` : `${status}\r\n`;
}
