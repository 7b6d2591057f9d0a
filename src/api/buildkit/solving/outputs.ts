/** What is to be made of a result, as the engine takes it: exporters by their names, with attributes. */
import { readBoolean } from '../../../base/go-boolean.ts';
import type { BuildOutput, CacheExport } from '../../../engine/index.ts';
import { solveFailure } from '../../../model/failures/solve.ts';
import type { Exporter, SolveRequest } from '../messages/control.ts';
import { archiveTo, filesTo } from '../sessions/lender.ts';
import type { Session } from '../sessions/sessions.ts';

/** Those of a request; older clients name one in a field of its own. */
export const exportersOf = ({ exporters, exporter, exporterAttrs }: SolveRequest): readonly Exporter[] =>
  exporters.length === 0 && exporter !== '' ? [{ type: exporter, attrs: exporterAttrs }] : exporters;

/** @throws InvalidArgument for one that nobody knows */
export function outputsOf(
  exporters: readonly Exporter[],
  session: Session | undefined,
  signal: AbortSignal,
): BuildOutput[] {
  return exporters.map((each, i) => outputOf(each, i, session, signal));
}

const isTrue = (said: string | undefined): boolean => readBoolean(said ?? '') === true;

function outputOf(
  { type, attrs }: Exporter,
  number: number,
  session: Session | undefined,
  signal: AbortSignal,
): BuildOutput {
  const attributes = Object.fromEntries(attrs);
  const names = (attrs.get('name') ?? '').split(',').filter((name) => name !== '');
  const to = (): Session => {
    if (session === undefined) throw solveFailure.sessionMissing();
    return session;
  };
  switch (type) {
    case 'image':
      return { is: 'image', names, push: isTrue(attrs.get('push')), attributes };
    case 'moby':
      // Who asks for an image of dockerd's pushes it afterwards, by dockerd's own API.
      return { is: 'image', names, push: false, attributes };
    case 'docker':
    case 'oci':
      return { is: 'archive', format: type, names, attributes, into: () => archiveTo(to(), number, signal) };
    case 'tar':
      return { is: 'tar', into: () => archiveTo(to(), number, signal) };
    case 'local':
      return {
        is: 'files',
        into: () => filesTo(to(), number, signal),
        splitByPlatform: attrs.get('platform-split') === undefined || isTrue(attrs.get('platform-split')),
      };
    default:
      throw solveFailure.exporterUnknown({ type });
  }
}

/** Where the steps go for others. */
export function cacheExportsOf({ cache }: SolveRequest): CacheExport[] {
  if (cache === undefined) return [];
  const all = cache.exports.map(({ type, attrs }) => ({ type, attributes: Object.fromEntries(attrs) }));
  if (cache.exportRef === '') return all;
  const attributes = { ...Object.fromEntries(cache.exportAttrs), ref: cache.exportRef };
  return [...all, { type: 'registry', attributes }];
}
