/** Builds: today's input → engine call → today's output. */

import { isFailure } from '../../base/failures.ts';
import { type Credentials, readAuthHeader, readConfigHeader } from '../../formats/credentials.ts';
import { buildFailure } from '../../model/failures/build.ts';
import { requestFailure } from '../../model/failures/request.ts';
import { postedBuild } from './build-posted.ts';
import {
  builderOf,
  hostConfigOf,
  keptBytes,
  readBuildArgs,
  readCacheFrom,
  readLabels,
  refuseForeign,
} from './build-query.ts';
import { sourceOf } from './build-source.ts';
import type { Call, Handlers } from './handlers.ts';

export const builds: Handlers<Extract<keyof Handlers, `build${string}`>> = {
  async buildImage({ query }, call) {
    if (builderOf(query) === 'buildkit') return (await call.buildKit()).build(postedBuild(query, call));
    refuseForeign(query);
    return call.engine.builds.build({
      source: sourceOf(query.remote, call),
      dockerfile: query.dockerfile,
      tags: query.t.filter((tag) => tag !== ''),
      tells: query.q ? call.quietBuilds : 'all',
      noCache: query.nocache,
      pull: query.pull,
      remove: query.rm || query.forcerm,
      forceRemove: query.forcerm,
      squash: query.squash,
      buildArgs: readBuildArgs(query.buildargs),
      labels: readLabels(query.labels),
      cacheFrom: readCacheFrom(query.cachefrom),
      target: query.target,
      platform: query.platform,
      hostConfig: hostConfigOf(query),
      credentials: await loginsOf(call),
      id: query.buildid,
      signal: call.signal,
    });
  },

  async buildCancel({ query }, { engine, buildKit }) {
    if (query.id === undefined) throw buildFailure.idMissing();
    engine.builds.cancel(query.id);
    (await buildKit()).cancel(query.id);
  },

  // The front door hands their connections over.
  buildSession: async () => undefined,
  buildGrpc: async () => undefined,

  buildPrune: ({ query }, { engine, signal }) =>
    engine.builds.prune({ filters: query.filters, all: query.all, ...keptBytes(query), signal }),
};

/** Bases are pulled: what cannot be read is nobody's, as for every pull. */
async function loginsOf(call: Call): Promise<ReadonlyMap<string, Credentials>> {
  const { engine, registryAuth, registryConfig, logins, buildLogins } = call;
  const several = readConfigHeader(registryConfig);
  if (several.size > 0 || buildLogins === 'byRegistry') return several;
  if (registryAuth !== undefined) return oneLogin(registryAuth);
  const kept = logins === 'kept' ? await engine.images.keptLogin() : undefined;
  if (kept === undefined) return new Map();
  const { server, username, password } = kept;
  return new Map([[server, { is: 'password', username, password }]]);
}

/** It is for whatever registry has the base: clients of then asked nobody which one that is. */
function oneLogin(header: string): ReadonlyMap<string, Credentials> {
  try {
    const credentials = readAuthHeader(header);
    return new Map(credentials ? [['', credentials]] : []);
  } catch (error) {
    if (isFailure(error, requestFailure.credentialsUnreadable)) return new Map();
    throw error;
  }
}
