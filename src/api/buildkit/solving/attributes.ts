/** What clients say of a build to the Dockerfile's frontend, in texts by name, as the engine takes it. */

import { readBoolean } from '../../../base/go-boolean.ts';
import { isObject } from '../../../base/schema.ts';
import type { BuildHostConfig, BuildInput, CacheImport, SolveOptions } from '../../../engine/index.ts';
import { isDigest } from '../../../formats/digest.ts';
import { readJson } from '../../../formats/json.ts';
import { solveFailure } from '../../../model/failures/solve.ts';

/** What attributes decide; the rest comes from elsewhere. */
export type FromAttributes = Omit<SolveOptions, 'client' | 'tell' | 'signal' | 'entitlements'>;

/** Attributes by name. */
export type Attributes = ReadonlyMap<string, string>;

/** `inputs`: what other builds made, by the name that a context says it by. @throws InvalidArgument */
export function readAttributes(said: Attributes, inputs: ReadonlyMap<string, BuildInput>): FromAttributes {
  const get = (name: string): string | undefined => said.get(name) || undefined;
  const platforms = list(get('platform'));
  return {
    ...whereFrom(said, inputs),
    contexts: namedContexts(said, inputs),
    target: get('target'),
    buildArgs: withPrefix(said, 'build-arg:'),
    labels: Object.fromEntries(withPrefix(said, 'label:')),
    noCache: said.get('no-cache') === '' ? 'all' : list(get('no-cache')),
    pull: modeOf(get('image-resolve-mode')) === 'pull',
    platforms,
    multiPlatform: multiPlatform(said) ?? platforms.length > 1,
    hostConfig: hostConfigOf(said),
    hostname: get('build-arg:BUILDKIT_SANDBOX_HOSTNAME') ?? get('hostname'),
    cacheFrom: [...cacheImports(get('cache-imports')), ...oldCacheFrom(get('cache-from'))],
    question: questionOf(get('requestid')),
  };
}

const list = (text: string | undefined): string[] => (text === undefined ? [] : text.split(','));

const withPrefix = (said: Attributes, prefix: string): Map<string, string> =>
  new Map(
    [...said].flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  );

const invalid = (name: string, said: string, why: string) =>
  solveFailure.attributeInvalid({ name, said, why });

function whereFrom(
  said: Attributes,
  inputs: ReadonlyMap<string, BuildInput>,
): Pick<SolveOptions, 'context' | 'dockerfile' | 'subdirectory'> {
  const address = said.get(said.get('contextkey') ?? 'context');
  const local = said.get('dockerfilekey');
  const name = said.get('filename');
  const subdirectory = said.get('contextsubdir') || undefined;
  const keepsGitDir = readBoolean(said.get('build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR') ?? '') ?? false;
  const context = address ? addressed(address, keepsGitDir) : inputs.get('context');
  const own: BuildInput = { is: 'client', name: local ?? 'dockerfile' };
  const from = local === undefined ? (address ? context : inputs.get('dockerfile')) : undefined;
  return {
    context: context ?? { is: 'client', name: 'context' },
    dockerfile: { from: from ?? own, name },
    subdirectory,
  };
}

/** An archive or Dockerfile that the client itself serves has an address too. */
function addressed(address: string, keepsGitDir: boolean): BuildInput {
  const [, id] = /^https?:\/\/buildkit-session\/(.+)$/.exec(address) ?? [];
  return id === undefined
    ? { is: 'remote', address, ...(keepsGitDir ? { keepGitDir: true } : {}) }
    : { is: 'upload', id };
}

function namedContexts(said: Attributes, inputs: ReadonlyMap<string, BuildInput>): Map<string, BuildInput> {
  return new Map(
    [...withPrefix(said, 'context:')].map(([name, value]) => [name, namedContext(name, value, inputs)]),
  );
}

function namedContext(name: string, value: string, inputs: ReadonlyMap<string, BuildInput>): BuildInput {
  const colon = value.indexOf(':');
  if (colon < 0) throw invalid(`context:${name}`, value, `invalid context specifier ${value} for ${name}`);
  const rest = value.slice(colon + 1);
  switch (value.slice(0, colon)) {
    case 'docker-image':
      return { is: 'image', name: rest.replace(/^\/\//, '') };
    case 'oci-layout': {
      const input = layoutIn(rest.replace(/^\/\//, ''));
      if (input === undefined)
        throw invalid(`context:${name}`, value, `oci-layout reference ${JSON.stringify(rest)} has no digest`);
      return input;
    }
    case 'local':
      return { is: 'client', name: rest };
    case 'input': {
      const input = inputs.get(rest);
      if (input === undefined) throw invalid(`context:${name}`, value, `invalid input ${rest} for ${name}`);
      return input;
    }
    case 'http':
    case 'https':
    case 'git':
    case 'ssh':
      return addressed(value, true);
    default:
      if (value.startsWith('git@')) return addressed(value, true);
      throw invalid(
        `context:${name}`,
        value,
        `unsupported context source ${value.slice(0, colon)} for ${name}`,
      );
  }
}

/** `STORE[:TAG]@DIGEST`: the client has found the digest of a tag. */
function layoutIn(text: string): BuildInput | undefined {
  const [, store = '', digest = ''] = /^([^@:/]+)(?::[^@]*)?@(.+)$/.exec(text) ?? [];
  return isDigest(digest) ? { is: 'layout', store, digest } : undefined;
}

function modeOf(said: string | undefined): string {
  if (said !== undefined && !['default', 'pull', 'local'].includes(said))
    throw invalid('image-resolve-mode', said, `invalid image-resolve-mode: ${said}`);
  return said ?? 'default';
}

/** Undefined: nothing was said. */
function truthOf(name: string, said: string | undefined): boolean | undefined {
  if (said === undefined || said === '') return undefined;
  const truth = readBoolean(said);
  if (truth === undefined) throw invalid(name, said, `invalid boolean value for ${name}: ${said}`);
  return truth;
}

const multiPlatform = (said: Attributes): boolean | undefined =>
  truthOf('multi-platform', said.get('build-arg:BUILDKIT_MULTI_PLATFORM') || said.get('multi-platform'));

function hostConfigOf(said: Attributes): BuildHostConfig {
  const shm = said.get('shm-size');
  const hosts = hostsOf(said.get('add-hosts'));
  const ulimits = ulimitsOf(said.get('ulimit'));
  const network = said.get('force-network-mode');
  const cgroupParent = said.get('cgroup-parent');
  if (network && !['none', 'host', 'sandbox'].includes(network))
    throw invalid('force-network-mode', network, `invalid netmode ${network}`);
  return {
    ...(shm ? { ShmSize: bytesOf('shm-size', shm) } : {}),
    ...(hosts.length > 0 ? { ExtraHosts: hosts } : {}),
    ...(ulimits.length > 0 ? { Ulimits: ulimits } : {}),
    ...(network && network !== 'sandbox' ? { NetworkMode: network } : {}),
    ...(cgroupParent ? { CgroupParent: cgroupParent } : {}),
  };
}

function bytesOf(name: string, said: string): number {
  const bytes = Number(said);
  if (!/^\d{1,16}$/.test(said) || !Number.isSafeInteger(bytes)) throw invalid(name, said, 'invalid syntax');
  return bytes;
}

function hostsOf(said: string | undefined): string[] {
  return csv(said).map((field) => {
    const at = field.indexOf('=');
    if (at < 0) throw invalid('add-hosts', field, `invalid key-value pair ${field}`);
    return `${field.slice(0, at).toLowerCase()}:${field.slice(at + 1)}`;
  });
}

function ulimitsOf(said: string | undefined) {
  return csv(said).map((field) => {
    const [, Name, soft = '', hard = soft] = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(field) ?? [];
    if (Name === undefined) throw invalid('ulimit', field, `invalid ulimit argument: ${field}`);
    return { Name, Soft: Number(soft), Hard: Number(hard) };
  });
}

/** One line of comma-separated values (RFC 4180). */
function csv(line: string | undefined): string[] {
  if (!line) return [];
  const fields = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)];
  return fields.map(([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain);
}

function cacheImports(said: string | undefined): CacheImport[] {
  if (said === undefined) return [];
  const entries = readJson(said);
  if (!Array.isArray(entries)) throw invalid('cache-imports', said, 'it is no list');
  return entries.map((entry: unknown) => {
    const { Type = '', Attrs = {} } = isObject(entry) ? entry : {};
    const attributes = isObject(Attrs) ? Object.entries(Attrs) : [];
    return {
      type: String(Type),
      attributes: Object.fromEntries(attributes.map(([name, value]) => [name, String(value)])),
    };
  });
}

const oldCacheFrom = (said: string | undefined): CacheImport[] =>
  list(said).map((ref) => ({ type: 'registry', attributes: { ref } }));

const QUESTIONS = {
  'frontend.lint': 'lint',
  'frontend.outline': 'outline',
  'frontend.targets': 'targets',
  'frontend.subrequests.describe': 'describe',
} as const;

/** @throws what `unknownQuestion` makes, for one that nobody answers */
function questionOf(said: string | undefined): SolveOptions['question'] {
  if (said === undefined) return undefined;
  const question = QUESTIONS[said as keyof typeof QUESTIONS];
  if (question === undefined) throw solveFailure.questionUnknown({ name: said });
  return question;
}
