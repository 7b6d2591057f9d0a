/** Volumes in the forms of older versions. */
import { filterFailure } from '../../../model/failures/filter.ts';
import { isDoc } from '../doc-path.ts';
import { added, type Doc, type Lens, reshaped } from '../lens.ts';
import type { Lenses } from '../step.ts';

/** Members of a volume came with a version, wherever volumes are shown. */
export const volumeMember = (...names: readonly string[]): Lenses => ({
  'GET /volumes': names.map((name) => added(`body.Volumes[].${name}`)),
  'GET /volumes/{name}': names.map((name) => added(`body.${name}`)),
  'POST /volumes/create': names.map((name) => added(`body.${name}`)),
  'GET /system/df': names.map((name) => added(`body.Volumes[].${name}`)),
});

/** Before 1.42 a prune did not spare volumes with names, and knew no filter to say so. */
export const pruneOfAll: Lens = reshaped('spares volumes with names unless filtered by all=1', {
  up(doc: Doc) {
    const query: Doc = isDoc(doc.query) ? doc.query : {};
    doc.query = query;
    const filters = parsed(query.filters);
    if (!isDoc(filters)) return; // refused by whoever reads it
    if ('all' in filters) throw filterFailure.unknown({ name: 'all' });
    query.filters = JSON.stringify({ ...filters, all: ['1'] });
  },
  shape: 'none',
});

/** Up to 1.24 nobody was told what else might have been meant by a name that no volume can have. */
export const invalidName = ({ name }: { readonly name: string }): string =>
  `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`;

function parsed(text: unknown): unknown {
  if (typeof text !== 'string' || text === '') return {};
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return undefined;
  }
}
