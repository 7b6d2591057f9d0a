/** What the parameters of a build and of its cache's prune say, beyond texts and numbers. */
import { messageOf } from '../../base/errors.ts';
import { decodeBody, list, map, nullable, object, optional, type Schema, string } from '../../base/schema.ts';
import type { BuildHostConfig } from '../../engine/index.ts';
import { readJson } from '../../formats/json.ts';
import { buildFailure } from '../../model/failures/build.ts';
import { Ulimit } from '../../model/host-config.ts';
import type { Contract } from '../contract/index.ts';
import type { InputOf } from '../contract/operation.ts';

type BuildQuery = InputOf<Contract['buildImage']>['query'];
type PruneQuery = InputOf<Contract['buildPrune']>['query'];

/** What clients that name it want is another builder. */
const SESSION_CONTEXT = 'client-session';

/** @throws InvalidArgument for a builder that nobody has, and what neither of ours has */
export function builderOf({
  version = '1',
  securityopt,
  isolation = '',
}: BuildQuery): 'classic' | 'buildkit' {
  if (version !== '1' && version !== '2') throw buildFailure.versionUnknown({ version });
  if (securityopt.length > 0) throw buildFailure.securityUnsupported();
  if (isolation !== '' && isolation.toLowerCase() !== 'default')
    throw buildFailure.isolationUnsupported({ isolation });
  return version === '2' ? 'buildkit' : 'classic';
}

/** @throws InvalidArgument for what the classic builder does not have */
export function refuseForeign({ remote, outputs }: BuildQuery): void {
  if (remote === SESSION_CONTEXT) throw buildFailure.needsBuildKit({ what: `a context by ${remote}` });
  if (readOutputs(outputs).length > 0) throw buildFailure.needsBuildKit({ what: 'an output' });
}

/** What limits and connects the containers of a build. @throws InvalidArgument */
export function hostConfigOf(query: BuildQuery): BuildHostConfig {
  const given: { readonly [K in keyof BuildHostConfig]: BuildHostConfig[K] | undefined } = {
    Memory: query.memory,
    MemorySwap: query.memswap,
    CpuShares: query.cpushares,
    CpuPeriod: query.cpuperiod,
    CpuQuota: query.cpuquota,
    CpusetCpus: query.cpusetcpus,
    CpusetMems: query.cpusetmems,
    CgroupParent: query.cgroupparent,
    ShmSize: query.shmsize,
    Ulimits: readUlimits(query.ulimits),
    ExtraHosts: query.extrahosts.length > 0 ? query.extrahosts : undefined,
    NetworkMode: query.networkmode,
  };
  // What remains of each member has that member's type.
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as BuildHostConfig;
}

/** Null: the value of the daemon's own environment. @throws InvalidArgument */
export const readBuildArgs = (text: string | undefined): ReadonlyMap<string, string | null> =>
  new Map(Object.entries(readAs(buildArgs, text, 'error reading build args') ?? {}));

/** @throws InvalidArgument */
export const readLabels = (text: string | undefined): Readonly<Record<string, string>> =>
  readAs(labels, text, 'error reading labels') ?? {};

/** @throws InvalidArgument */
export const readCacheFrom = (text: string | undefined): readonly string[] =>
  readAs(names, text, 'error reading cache-from') ?? [];

const readUlimits = (text: string | undefined) => readAs(ulimits, text, 'error reading ulimit settings');
/** @throws InvalidArgument */
export const readOutputs = (text: string | undefined) =>
  readAs(outputs, text, 'invalid outputs specified') ?? [];

/** In Go what may be null is a pointer, and says so when it is neither. */
const buildArgs = map({ ...nullable(string()), goType: '*string' });
const labels = map(string());
const names = list(string());
const ulimits = list(Ulimit);
const outputs = list(
  object('ImageBuildOutput', { Type: optional(string()), Attrs: optional(map(string())) }),
);

function readAs<T>(schema: Schema<T>, text: string | undefined, doing: string): T | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeBody(schema, readJson(text));
  } catch (error) {
    // The end of a text is called otherwise than that of a stream.
    const why = messageOf(error).replace(/^(?:unexpected )?EOF$/, 'unexpected end of JSON input');
    throw buildFailure.parameterUnreadable({ doing, why }, { cause: error });
  }
}

/** How much of the cache may stay. @throws InvalidArgument */
export function keptBytes(query: PruneQuery) {
  return {
    keepBytes: bytesIn(query, 'reserved-space') ?? bytesIn(query, 'keep-storage'),
    maxUsedBytes: bytesIn(query, 'max-used-space'),
    minFreeBytes: bytesIn(query, 'min-free-space'),
  };
}

/** None is as good as 0. */
function bytesIn(
  query: PruneQuery,
  name: 'reserved-space' | 'keep-storage' | 'max-used-space' | 'min-free-space',
): number | undefined {
  const said = query[name];
  if (said === undefined) return undefined;
  const bytes = Number(said);
  const isNumber = /^[+-]?\d+$/.test(said);
  if (isNumber && Number.isSafeInteger(bytes)) return bytes || undefined;
  const why = `strconv.Atoi: parsing ${JSON.stringify(said)}: ${isNumber ? 'value out of range' : 'invalid syntax'}`;
  throw buildFailure.noBytes({ name, said, why });
}
