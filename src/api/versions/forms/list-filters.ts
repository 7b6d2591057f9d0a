/** Filters of lists, as clients up to 1.23 said them. */
import { InvalidArgument, messageOf } from '../../../base/errors.ts';
import { decodeBody, list, map, string } from '../../../base/schema.ts';
import { readJson } from '../../../formats/json.ts';
import { filterFailure } from '../../../model/failures/filter.ts';
import { type Doc, isDoc } from '../doc-path.ts';

const KNOWN = new Set(
  'ancestor before exited expose health id is-task isolation label name network publish since status volume'.split(
    ' ',
  ),
);
const NAME_AND_ID = new Set(['name', 'id']);
const lists = map(list(string()));

const queryOf = (doc: Doc): Doc => (isDoc(doc.query) ? doc.query : {});

/** The filters as an object; undefined when the text is none. */
function filtersOf(query: Doc): Doc | undefined {
  try {
    const said = typeof query.filters === 'string' && query.filters !== '' ? readJson(query.filters) : {};
    return isDoc(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

/** A filter that nobody knew was not looked at. */
export const dropUnknown = (doc: Doc): void => keepKnown(doc, KNOWN);

/** The only filter of images below 1.17; others were not looked at. */
export const onlyDangling = (doc: Doc): void => keepKnown(doc, new Set(['dangling']));

/** The filters of lists of networks in 1.21; others were not looked at. */
export const onlyNameAndId = (doc: Doc): void => keepKnown(doc, NAME_AND_ID);

/** Lists of networks knew neither before 1.24. @throws InvalidArgument */
export function refuseFiltersOf1_24(doc: Doc): void {
  for (const name of Object.keys(filtersOf(queryOf(doc)) ?? {}))
    if (name === 'driver' || name === 'label') throw filterFailure.unknown({ name });
}

function keepKnown(doc: Doc, known: ReadonlySet<string>): void {
  const query = queryOf(doc);
  const filters = filtersOf(query);
  if (filters === undefined || query.filters === undefined) return;
  query.filters = JSON.stringify(
    Object.fromEntries(Object.entries(filters).filter(([name]) => known.has(name))),
  );
}

const isNewerForm = (filters: Doc): boolean =>
  Object.values(filters).every((values) => values === null || Array.isArray(values) || isDoc(values));

/** What could not be read was told in the decoder's words. @throws InvalidArgument */
export function requireReadable(doc: Doc): void {
  const { filters } = queryOf(doc);
  if (typeof filters !== 'string' || filters === '') return;
  let read: unknown;
  try {
    read = readJson(filters);
  } catch (error) {
    throw new InvalidArgument(messageOf(error), { cause: error });
  }
  if (!isDoc(read) || !isNewerForm(read)) decodeBody(lists, read);
}

/** `before` and `since` were parameters of their own, and asked for all states. */
export function carryAnchors(doc: Doc): void {
  const query = queryOf(doc);
  for (const name of ['before', 'since']) {
    const said = query[name];
    delete query[name];
    if (typeof said !== 'string' || said === '') continue;
    query.filters = JSON.stringify({ ...filtersOf(query), [name]: [said] });
    query.all = '1';
  }
}
