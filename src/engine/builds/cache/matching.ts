/** Records of the cache that filters in the form of containerd leave: `type==regular,private`. */
import { parseSelectors, type Selector } from '../../../formats/selectors.ts';
import type { CacheRecord } from '../../../model/build-cache.ts';
import { textsFound } from '../../expressions.ts';

/** What any of the expressions fits; none: all. @throws InvalidArgument */
export async function recordsMatching(
  records: readonly CacheRecord[],
  expressions: readonly string[],
): Promise<readonly CacheRecord[]> {
  if (expressions.length === 0) return records;
  const fitting = new Set<CacheRecord>();
  for (const selectors of expressions.map(parseSelectors)) {
    let left = records;
    for (const selector of selectors) left = await selected(left, selector);
    for (const record of left) fitting.add(record);
  }
  return records.filter((record) => fitting.has(record));
}

async function selected(
  records: readonly CacheRecord[],
  { path: [name = ''], operator, value }: Selector,
): Promise<readonly CacheRecord[]> {
  const said = (record: CacheRecord): string | undefined =>
    Object.hasOwn(FIELDS, name) ? FIELDS[name]!(record) : undefined;
  switch (operator) {
    case undefined:
      return records.filter((record) => said(record) !== undefined);
    case '==':
      return records.filter((record) => said(record) === value);
    case '!=':
      return records.filter((record) => (said(record) ?? '') !== value);
    case '~=': {
      const found = await textsFound([...new Set(records.map((record) => said(record) ?? ''))], [value]);
      return records.filter((record) => found.has(said(record) ?? ''));
    }
    default:
      return operator satisfies never;
  }
}

/** What is so or not has no value: it is there, or it is not. */
const when = (is: boolean): string | undefined => (is ? '' : undefined);
const nonEmpty = (text: string): string | undefined => text || undefined;

/** Changed in place by whoever uses it. */
const isMutable = ({ Type }: CacheRecord): boolean => Type === 'exec.cachemount' || Type === 'source.local';

const FIELDS: Readonly<Record<string, (record: CacheRecord) => string | undefined>> = {
  id: ({ ID }) => nonEmpty(ID),
  parents: ({ Parents = [] }) => nonEmpty(Parents.join(';')),
  description: ({ Description }) => nonEmpty(Description),
  type: ({ Type }) => nonEmpty(Type),
  inuse: ({ InUse }) => when(InUse),
  mutable: (record) => when(isMutable(record)),
  immutable: (record) => when(!isMutable(record)),
  shared: ({ Shared }) => when(Shared),
  private: ({ Shared }) => when(!Shared),
};
