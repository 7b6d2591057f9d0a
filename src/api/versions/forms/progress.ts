/** Progress of long operations in the forms of older versions. */
import { type Doc, isDoc } from '../doc-path.ts';
import { shapeWith, shapeWithout } from '../shape.ts';
import type { MessageLens, Messages } from '../step.ts';
import { bareId, shortId } from './images.ts';

/** The bar that clients print as it comes: newer ones draw it themselves from `progressDetail`. */
function progressText(detail: unknown): string | undefined {
  if (!isDoc(detail)) return undefined;
  const current = Number(detail.current ?? 0);
  const total = Number(detail.total ?? 0);
  if (current <= 0 && total <= 0) return undefined;
  if (total <= 0) return humanSize(current).padStart(8);
  const counts =
    typeof detail.units === 'string'
      ? `${current}/${total} ${detail.units}`
      : `${humanSize(current).padStart(8)}/${humanSize(total)}`;
  const done = Math.max(0, Math.min(50, Math.floor((current / total) * 50)));
  return `[${'='.repeat(done)}>${' '.repeat(50 - done)}] ${counts}`;
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

/** Below 1.52: the bar as text beside its numbers. */
const barBesideDetail: MessageLens = {
  note: 'leaves drawing the bar to clients',
  shape: shapeWith({ 'body.progress': { type: 'string' } }),
  restores: true,
  down(message) {
    const bar = progressText(message.progressDetail);
    return bar === undefined ? message : { ...message, progress: bar };
  },
};
/** The same lenses for every operation that tells its progress. */
const ofProgress = (...lenses: readonly MessageLens[]) =>
  ({
    'POST /images/create': lenses,
    'POST /images/load': lenses,
    'POST /images/{name}/push': lenses,
    'POST /images/{name}/insert': lenses,
    'POST /build': lenses,
  }) as const satisfies Messages;

export const barsBesideDetails = ofProgress(barBesideDetail);

/** Below 1.30: numbers were bytes. */
const withoutUnits: MessageLens = {
  note: 'counts other things than bytes',
  shape: shapeWithout('body.progressDetail.units'),
  down(message) {
    if (!isDoc(message.progressDetail)) return message;
    const { units: _later, ...progressDetail } = message.progressDetail;
    return { ...message, progressDetail };
  },
};

export const progressInBytes = ofProgress(withoutUnits);

/** Below 1.8: the bar alone. */
export const barOfDetail: MessageLens = {
  note: 'adds progressDetail',
  shape: shapeWithout('body.progressDetail'),
  down: ({ progressDetail: _numbers, ...message }) => message,
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

/** The id that ends an import had no algorithm before 1.22. */
export const importedBareId: MessageLens = {
  note: 'an import tells its image’s id with the algorithm',
  shape: 'none',
  down: (message) =>
    isImageId(bareId(message.status)) ? { ...message, status: bareId(message.status) } : message,
};
/** And twelve digits before 1.7. */
export const importedShortId: MessageLens = {
  note: 'an import tells its image’s full id',
  shape: 'none',
  down: (message) => (isImageId(message.status) ? { ...message, status: shortId(message.status) } : message),
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
