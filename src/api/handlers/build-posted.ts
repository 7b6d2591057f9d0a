/** What `POST /build` says of a build that asks for BuildKit, in the words of the Dockerfile's frontend. */
import { readBoolean } from '../../base/go-boolean.ts';
import { readConfigHeader } from '../../formats/credentials.ts';
import { buildFailure } from '../../model/failures/build.ts';
import type { PostedBuild } from '../buildkit/index.ts';
import type { Contract } from '../contract/index.ts';
import type { InputOf } from '../contract/operation.ts';
import { hostConfigOf, readBuildArgs, readCacheFrom, readLabels, readOutputs } from './build-query.ts';

import type { Call } from './handlers.ts';

type BuildQuery = InputOf<Contract['buildImage']>['query'];

/** Attributes by name; what was not said is left out. */
function attributesOf(query: BuildQuery): PostedBuild['attributes'] {
  const { networkmode = '', shmsize = 0 } = query;
  // Clients of Go say that there are none by `null`.
  const ulimits = hostConfigOf(query).Ulimits ?? [];
  if (!['', 'default', 'none', 'host'].includes(networkmode))
    throw buildFailure.networkUnsupported({ mode: networkmode });
  const args = [...readBuildArgs(query.buildargs)].flatMap(([name, value]) =>
    value === null ? [] : [[`build-arg:${name}`, value] as const],
  );
  const labels = Object.entries(readLabels(query.labels)).map(
    ([name, value]) => [`label:${name}`, value] as const,
  );
  const said: readonly (readonly [string, string | undefined])[] = [
    ['target', query.target],
    ['filename', query.dockerfile === '.' ? undefined : query.dockerfile],
    ['cache-from', readCacheFrom(query.cachefrom).join(',')],
    ['image-resolve-mode', query.pull ? 'pull' : 'default'],
    ['platform', query.platform],
    ['force-network-mode', ['none', 'host'].includes(networkmode) ? networkmode : undefined],
    ['add-hosts', query.extrahosts.map((each) => each.replace(/[:=]/, '=')).join(',')],
    ['shm-size', shmsize > 0 ? String(shmsize) : undefined],
    ['ulimit', ulimits.map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`).join(',')],
  ];
  return new Map([
    ...said.flatMap(([name, value]) => (value ? [[name, value] as const] : [])),
    ...(query.nocache ? [['no-cache', ''] as const] : []),
    ...args,
    ...labels,
  ]);
}

/** The build that is asked for. @throws InvalidArgument */
export function postedBuild(
  query: BuildQuery,
  { bytes, registryConfig, signal }: Pick<Call, 'bytes' | 'registryConfig' | 'signal'>,
): PostedBuild {
  if (query.squash) throw buildFailure.squashUnsupported();
  return {
    attributes: attributesOf(query),
    remote: query.remote,
    body: bytes,
    output: outputOf(query),
    inlineCache: asksForInlineCache(query),
    session: query.session ?? '',
    id: query.buildid,
    quiet: query.q,
    logins: readConfigHeader(registryConfig),
    signal,
  };
}

/** The one output that may be asked for; unsaid: an image. */
function outputOf({ outputs, t }: BuildQuery): PostedBuild['output'] {
  const all = readOutputs(outputs);
  if (all.length > 1) throw buildFailure.outputsTooMany();
  const { Type: type = 'moby', Attrs: attributes = {} } = all[0] ?? {};
  const names = t.filter((tag) => tag !== '').join(',');
  const isImage = type === 'moby' || type === 'image';
  return { type, attributes: isImage && names !== '' ? { ...attributes, name: names } : attributes };
}

const asksForInlineCache = ({ buildargs }: BuildQuery): boolean =>
  readBoolean(readBuildArgs(buildargs).get('BUILDKIT_INLINE_CACHE') ?? '') === true;
