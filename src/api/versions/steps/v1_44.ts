/** API 1.44. */
import { NEVER } from '../../../base/time.ts';
import { type Doc, isDoc, memberOf } from '../doc-path.ts';
import { wordsWere } from '../failure.ts';
import { removedWas } from '../forms/builds.ts';
import { carryMacAddress, mountOptions, mountsOf } from '../forms/containers.ts';
import { networkWordsBefore1_44 } from '../forms/network-words.ts';
import { added, refused, removed, reshaped, said } from '../lens.ts';
import { INTEGER, STRING } from '../shape.ts';
import { step } from '../step.ts';

function severalNetworks(doc: Doc): string | undefined {
  const endpoints = memberOf(memberOf(doc.body, 'NetworkingConfig'), 'EndpointsConfig');
  const names = isDoc(endpoints) ? Object.keys(endpoints) : [];
  return names.length > 1
    ? `Container cannot be created with multiple network endpoints: ${names.join(', ')}`
    : undefined;
}

/** Before, read-only mounts were not recursive: what was mounted below them stayed writable. */
function keepReadOnlyFlat(doc: Doc): void {
  for (const mount of mountsOf(doc)) {
    if (mount.Type !== 'bind' || mount.ReadOnly !== true) continue;
    mount.BindOptions = { ReadOnlyNonRecursive: true, ...mountOptions(mount, 'BindOptions') };
  }
}

const DEPTH = ['ReadOnlyNonRecursive', 'ReadOnlyForceRecursive'] as const;

/** Options that say nothing but that were none to those who could not say it. */
function withoutDepthAlone(doc: Doc): void {
  for (const mount of mountsOf(doc)) {
    const said = Object.keys(mountOptions(mount, 'BindOptions') ?? {});
    if (said.length > 0 && said.every((name) => (DEPTH as readonly string[]).includes(name)))
      delete mount.BindOptions;
  }
}

export const v1_44 = step('1.44', {
  summary: 'Read-only binds are recursive, a MacAddress belongs to an endpoint, VirtualSize goes.',
  requests: {
    'POST /containers/create': [
      added('body.NetworkingConfig.EndpointsConfig.{}.DNSNames'),
      added('body.Healthcheck.StartInterval'),
      added('body.NetworkingConfig.EndpointsConfig.{}.MacAddress'),
      refused('a mount may be recursively read-only by force', (doc) =>
        mountsOf(doc).some((mount) => mountOptions(mount, 'BindOptions')?.ReadOnlyForceRecursive)
          ? 'BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer'
          : undefined,
      ),
      refused('a container may be created on several networks', severalNetworks),
      reshaped('read-only binds become recursive', { up: keepReadOnlyFlat, shape: 'none' }),
      reshaped('MacAddress moves to the endpoint', {
        up: carryMacAddress,
        shape: said('body.MacAddress'),
      }),
    ],
    'POST /networks/{id}/connect': [added('body.EndpointConfig.DNSNames')],
    'POST /commit': [added('body.Healthcheck.StartInterval')],
  },
  responses: {
    'GET /info': [added('body.CDISpecDirs'), added('body.Runtimes.{}.status')],
    'GET /containers/json': [added('body[].NetworkSettings.Networks.{}.DNSNames')],
    'GET /containers/{name}/json': [
      reshaped('a bind says how deep it is read-only', { down: withoutDepthAlone, shape: 'none' }),
      ...DEPTH.map((name) => added(`body.HostConfig.Mounts[].BindOptions.${name}`)),
      added('body.Config.Healthcheck.StartInterval'),
      added('body.NetworkSettings.Networks.{}.DNSNames'),
      removed('body.Config.MacAddress', ({ all }: Doc) => memberOf(all, 'MacAddressAsked'), STRING),
    ],
    'GET /system/df': [
      added('body.Containers[].NetworkSettings.Networks.{}.DNSNames'),
      removed('body.Images[].VirtualSize', (image: Doc) => image.Size, INTEGER),
    ],
    'GET /images/json': [removed('body[].VirtualSize', (image: Doc) => image.Size, INTEGER)],
    'GET /images/{name}/json': [
      added('body.Config.Healthcheck.StartInterval'),
      added('body.ContainerConfig.Healthcheck.StartInterval'),
      removed('body.VirtualSize', (doc: Doc) => memberOf(doc.body, 'Size'), INTEGER),
      removed('body.Created', NEVER),
    ],
  },
  messages: { 'POST /build': [removedWas] },
  failures: [
    // What later begins with a small letter.
    wordsWere(
      'GET /containers/json',
      'filter.healthUnknown',
      ({ value }) => `Unrecognised filter value for health: ${value}`,
    ),
    wordsWere(
      'POST /containers/{name}/kill',
      'setting.signalUnsupported',
      ({ signal }) => `The linux daemon does not support signal ${signal}`,
    ),
    wordsWere('POST /containers/create', 'container.noCommand', () => 'No command specified'),
    wordsWere(
      'POST /build',
      'step.targetMissing',
      ({ target }) => `failed to reach build target ${target} in Dockerfile`,
    ),
    wordsWere(
      'POST /containers/create',
      'setting.cpusOutOfRange',
      ({ cpus }) => `Range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
    ),
    wordsWere('any', 'container.notRunning', ({ id }) => `Container ${id} is not running`),
    wordsWere('any', 'container.alreadyPaused', ({ id }) => `Container ${id} is already paused`),
    wordsWere(
      'DELETE /containers/{name}',
      'container.alive',
      ({ state }, { name }) =>
        `You cannot remove a ${state} container ${name}. ${state === 'paused' ? 'Unpause and then stop' : 'Stop'} the container before attempting removal or force remove`,
      { alone: true },
    ),
    ...networkWordsBefore1_44,
    wordsWere('any', 'setting.restartPolicyUnknown', ({ policy }) => `invalid restart policy '${policy}'`),
  ],
  before: { networkNames: 'checkedIfAsked', networkSubnets: 'anyAddress', readOnlyIsFlat: true },
});
