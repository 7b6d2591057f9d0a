/** API 1.21. */
import { shortId } from '../../../formats/digest.ts';
import { type Doc, memberOf } from '../doc-path.ts';
import { statusWas, wordsWere } from '../failure.ts';
import { stepsFromZero } from '../forms/builds.ts';
import { removalsWere, tagInvalidIn1_20, tagTakenIn1_20 } from '../forms/image-words.ts';
import { noImageWithTag } from '../forms/not-found.ts';
import { PORT_MAPPING } from '../forms/ports.ts';
import { oneNetwork } from '../forms/stats.ts';
import { added, moved, removed } from '../lens.ts';
import { SET, shapeWithout } from '../shape.ts';
import { step } from '../step.ts';

export const v1_21 = step('1.21', {
  summary: 'Volumes and networks become resources of their own; the volume driver moves into HostConfig.',
  adds: [
    'GET /volumes',
    'POST /volumes/create',
    'GET /volumes/{name}',
    'DELETE /volumes/{name}',
    'GET /networks',
    'POST /networks/create',
    'GET /networks/{id}',
    'DELETE /networks/{id}',
    'POST /networks/{id}/connect',
    'POST /networks/{id}/disconnect',
  ],
  removes: ['GET /containers/ps'],
  requests: {
    'POST /build': [added('query.buildargs')],
    'POST /containers/create': [
      added('body.HostConfig.KernelMemory'),
      added('body.StopSignal'),
      added('body.HostConfig.DnsOptions'),
      added('body.HostConfig.MemoryReservation'),
      added('body.HostConfig.VolumeDriver'),
      moved('body.VolumeDriver', 'body.HostConfig.VolumeDriver'),
    ],
    'GET /containers/{name}/json': [added('query.size')],
    'POST /images/create': [added('query.message')],
    'POST /containers/{name}/start': [
      ...['DnsOptions', 'KernelMemory', 'MemoryReservation', 'VolumeDriver'].map((name) =>
        added(`body.${name}`),
      ),
    ],
    'POST /commit': [added('body.StopSignal')],
  },
  responses: {
    'GET /containers/json': [added('body[].ImageID')],
    'GET /containers/{name}/json': [
      moved('body.Config.VolumeDriver', 'body.HostConfig.VolumeDriver'),
      removed(
        'body.Config.MacAddress',
        (doc: Doc) => memberOf(memberOf(doc.body, 'NetworkSettings'), 'MacAddress') ?? '',
        { type: 'string' },
      ),
      removed('body.Config.NetworkDisabled', false),
      removed('body.Config.ExposedPorts', null, SET),
      added('body.Config.StopSignal'),
      added('body.HostConfig.DnsOptions'),
      added('body.HostConfig.MemoryReservation'),
      added('body.HostConfig.KernelMemory'),
      added('body.NetworkSettings.Networks'),
      added('body.NetworkSettings.SandboxID'),
      added('body.State.Status'),
      added('body.SizeRw'),
      added('body.SizeRootFs'),
      removed('body.NetworkSettings.NetworkID', ''),
      removed('body.NetworkSettings.PortMapping', null, PORT_MAPPING),
    ],
    'GET /images/{name}/json': [
      added('body.Config.StopSignal'),
      added('body.ContainerConfig.StopSignal'),
      added('body.RepoTags'),
      added('body.RepoDigests'),
      removed('body.Config.MacAddress', ''),
      removed('body.Config.NetworkDisabled', false),
      removed('body.Config.ExposedPorts', null, SET),
      removed('body.Config.VolumeDriver', ''),
      removed('body.ContainerConfig.MacAddress', ''),
      removed('body.ContainerConfig.NetworkDisabled', false),
      removed('body.ContainerConfig.ExposedPorts', null, SET),
      removed('body.ContainerConfig.VolumeDriver', ''),
    ],
    'GET /exec/{id}/json': [removed('body.Container.UpdateDns', false)],
    'GET /info': [added('body.ServerVersion'), added('body.ClusterStore'), added('body.ClusterAdvertise')],
  },
  messages: {
    'POST /build': [stepsFromZero],
    'GET /containers/{name}/stats': [oneNetwork],
    'GET /events': [
      {
        note: 'adds timeNano',
        shape: shapeWithout('body.timeNano'),
        down: ({ timeNano: _exact, ...event }) => event,
      },
    ],
  },
  failures: [
    ...removalsWere,
    tagTakenIn1_20,
    tagInvalidIn1_20,
    wordsWere('GET /images/{name}/history', 'image.notFound', (_fields, { name }) => `no such id: ${name}`),
    wordsWere('any', 'setting.volumeSpecInvalid', ({ spec }) => `Invalid volume specification: ${spec}`),
    wordsWere('any', 'setting.mountPointTwice', ({ destination }) => `Duplicate bind mount ${destination}`),
    wordsWere(
      'POST /containers/{name}/rename',
      'container.namesEmpty',
      () => 'usage: docker rename OLD_NAME NEW_NAME',
    ),
    wordsWere('POST /containers/create', 'image.notFound', ({ name }) => noImageWithTag(name)),
    wordsWere(
      'any',
      'container.nameTaken',
      ({ name, holder }) =>
        `Conflict. The name "${name}" is already in use by container ${shortId(holder)}. You have to delete (or rename) that container to be able to reuse that name.`,
    ),
    wordsWere(
      'DELETE /containers/{name}',
      'container.alive',
      (_fields, { name }) =>
        `Cannot destroy container ${name}: Conflict, You cannot remove a running container. Stop the container before attempting removal or use -f`,
    ),
    wordsWere(
      'POST /containers/{name}/exec',
      'container.notRunning',
      (_fields, { name }) => `Container ${name} is not running`,
      { status: 500 },
    ),
    statusWas(['POST /containers/{name}/exec', 'POST /exec/{id}/start'], 409, 500),
  ],
  before: { detachedStatus: 204, paused: 'mustGoOn', allowedMethods: 'GET, POST, DELETE, PUT, OPTIONS' },
});
