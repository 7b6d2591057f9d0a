/** Progress of long operations in the forms of older versions. */
import { type Doc, isDoc } from '../doc-path.ts';
import { shapeChanges, shapeWith, shapeWithout } from '../shape.ts';
import type { MessageLens } from '../step.ts';
import { bareId, shortId } from './images.ts';

/** The bar that clients print as it comes: newer ones draw it themselves from `progressDetail`. */
function progressText(detail: unknown): string | undefined {
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

/** Below 1.8: the bar as text instead of its numbers. */
export const barOfDetail: MessageLens = {
  note: 'adds progressDetail',
  shape: shapeChanges(
    shapeWithout('body.progressDetail'),
    shapeWith({ 'body.progress': { type: 'string' } }),
  ),
  down({ progressDetail, ...message }) {
    const bar = message.progress ?? progressText(progressDetail);
    return bar === undefined ? message : { ...message, progress: bar };
  },
};

/** Below 1.5: errors are a text alone. */
export const withoutErrorDetail: MessageLens = {
  note: 'adds errorDetail',
  shape: shapeWithout('body.errorDetail'),
  down: ({ errorDetail: _detail, ...message }) => message,
};

/** Before 1.22 ids had no algorithm, and the route was gone by then. */
export const insertedBareId: MessageLens = {
  note: 'is not there',
  shape: 'none',
  down: (message) => ({
    ...message,
    ...(message.status === undefined ? {} : { status: bareId(message.status) }),
  }),
};

const isImageId = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

/** 1.1–1.6: the new image's id as a document of its own; before and after that as a status. */
export const insertedId: MessageLens = {
  note: 'tells the new image by its status',
  shape: shapeWith({ 'body.Id': { type: 'string' } }),
  down: (message) => (isImageId(message.status) ? { Id: shortId(message.status) } : message),
};
/** The lens of an insert's last message. */
export const insertedStatus: MessageLens = {
  note: 'tells the new image by its id',
  shape: shapeWithout('body.Id'),
  down: ({ Id, ...message }) => (Id === undefined ? message : { ...message, status: Id }),
};
