/** API 1.22. */
import { containerContext } from '../../../model/failures/container.ts';
import { type Doc, isDoc } from '../doc-path.ts';
import { notYet, statusWas, wordsWere } from '../failure.ts';
import { oneTag } from '../forms/builds.ts';
import { ofContainersAndImages } from '../forms/events.ts';
import { execContainer } from '../forms/exec-container.ts';
import { bareId } from '../forms/images.ts';
import { linkFlagsWere } from '../forms/links.ts';
import { onlyNameAndId } from '../forms/list-filters.ts';
import { noneIsAloneIn1_21 } from '../forms/network-words.ts';
import { networkMember } from '../forms/networks.ts';
import { importedBareId } from '../forms/progress.ts';
import { withoutMembers } from '../forms/stats.ts';
import { invalidName } from '../forms/volumes.ts';
import { added, removed, reshaped, rewritten } from '../lens.ts';
import { shapeOf } from '../shape.ts';
import { step } from '../step.ts';

const bare = (path: string) => rewritten(path, 'ids name their algorithm', { down: bareId });

/** The moment of the build as `date -u` tells it: `Tue Nov  3 19:49:22 UTC 2015`. */
function dateCommandForm(moment: unknown): unknown {
  const time = new Date(String(moment));
  if (Number.isNaN(time.getTime())) return moment;
  const [day = '', date, month = '', year = '', clock = ''] = time.toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${clock} UTC ${year}`;
}

/** It was 0 before it was known. */
function zeroExitCode({ body }: Doc): void {
  if (isDoc(body)) body.ExitCode ??= 0;
}

const LXC = { type: 'array', items: shapeOf({ Key: '', Value: '' }), nullable: true };

const blockIo = [
  'BlkioWeightDevice',
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
].map((name) => added(`body.HostConfig.${name}`));

export const v1_22 = step('1.22', {
  summary:
    'Image ids are digests; events name actors; a pull ends when its client leaves; containers can be updated.',
  adds: ['POST /containers/{name}/update'],
  requests: {
    'POST /networks/create': [added('body.Internal'), added('body.IPAM.Options')],
    'POST /build': [added('query.shmsize'), added('query.isolation'), oneTag],
    'POST /networks/{id}/connect': [added('body.EndpointConfig')],
    'POST /networks/{id}/disconnect': [added('body.Force')],
    'GET /networks': [reshaped('more filters than name and id', { up: onlyNameAndId, shape: 'none' })],
    'POST /containers/{name}/attach': [added('query.detachKeys')],
    'GET /containers/{name}/attach/ws': [added('query.detachKeys')],
    'POST /containers/{name}/start': [
      ...[
        'BlkioWeightDevice',
        'BlkioDeviceReadBps',
        'BlkioDeviceWriteBps',
        'BlkioDeviceReadIOps',
        'BlkioDeviceWriteIOps',
        'Isolation',
        'OomScoreAdj',
        'PidsLimit',
        'ShmSize',
        'Tmpfs',
      ].map((name) => added(`body.${name}`)),
      added('query.detachKeys'),
    ],
    'POST /containers/{name}/exec': [added('body.DetachKeys')],
    'POST /containers/create': [
      added('body.ArgsEscaped'),
      ...blockIo,
      added('body.NetworkingConfig'),
      added('body.HostConfig.Tmpfs'),
      added('body.HostConfig.ShmSize'),
      added('body.HostConfig.OomScoreAdj'),
      added('body.HostConfig.PidsLimit'),
      added('body.HostConfig.Isolation'),
    ],
    'POST /commit': [added('body.ArgsEscaped')],
    'POST /auth': [added('body.registrytoken')],
  },
  responses: {
    ...networkMember('Containers.{}.Name', 'IPAM.Options'),
    'GET /containers/json': [added('body[].NetworkSettings'), bare('body[].ImageID')],
    'GET /containers/{name}/json': [
      added('body.Config.ArgsEscaped'),
      ...['IPAMConfig', 'Links', 'Aliases', 'NetworkID'].map((name) =>
        added(`body.NetworkSettings.Networks.{}.${name}`),
      ),
      ...blockIo,
      added('body.HostConfig.Tmpfs'),
      added('body.HostConfig.ShmSize'),
      added('body.HostConfig.OomScoreAdj'),
      added('body.HostConfig.PidsLimit'),
      added('body.HostConfig.Isolation'),
      added('body.Mounts[].Propagation'),
      removed('body.HostConfig.LxcConf', [], LXC),
      removed('body.ExecDriver', 'native-0.2'),
      bare('body.Image'),
    ],
    'GET /images/json': [bare('body[].Id'), bare('body[].ParentId')],
    'GET /images/{name}/json': [
      added('body.Config.ArgsEscaped'),
      added('body.ContainerConfig.ArgsEscaped'),
      bare('body.Id'),
      bare('body.Parent'),
    ],
    'GET /images/{name}/history': [bare('body[].Id')],
    'POST /commit': [bare('body.Id')],
    'DELETE /images/{name}': [bare('body[].Deleted')],
    'GET /exec/{id}/json': [
      removed('body.Container', execContainer, { type: 'object', additionalProperties: {} }),
      removed('body.ProcessConfig.user', ''),
      reshaped('an exec that has not ended has no exit code', { down: zeroExitCode, shape: 'none' }),
      added('body.ContainerID'),
      added('body.CanRemove'),
      added('body.DetachKeys'),
    ],
    'GET /version': [rewritten('body.BuildTime', 'is in RFC 3339', { down: dateCommandForm })],
    'GET /volumes': [added('body.Warnings')],
    'GET /info': [
      added('body.SystemStatus'),
      added('body.ContainersRunning'),
      added('body.ContainersPaused'),
      added('body.ContainersStopped'),
      added('body.Architecture'),
      added('body.OSType'),
      added('body.Plugins'),
      added('body.CPUShares'),
      added('body.CPUSet'),
    ],
  },
  messages: {
    'POST /images/create': [importedBareId],
    'GET /containers/{name}/stats': [withoutMembers('pids_stats')],
    // Type, Action and Actor are new too, and stay for 1.12 and up: newer clients that are told to speak an older
    // version (DOCKER_API_VERSION) read the exit code of `run` there.
    'GET /events': [
      {
        note: 'tells of networks and volumes too',
        shape: 'none',
        down: ofContainersAndImages,
      },
    ],
  },
  failures: [
    wordsWere('POST /images/{name}/tag', 'reference.invalid', () => "Repository name can't be empty"),
    wordsWere('GET /containers/json', 'filter.statusUnknown', () => 'Unrecognised filter value for status'),
    wordsWere(['GET /volumes/{name}', 'DELETE /volumes/{name}'], 'volume.notFound', () => 'no such volume'),
    wordsWere('DELETE /volumes/{name}', 'volume.inUse', () => 'Conflict: volume is in use'),
    wordsWere('POST /volumes/create', 'volume.nameInvalid', invalidName, { status: 500, alone: true }),
    notYet('POST /volumes/create', 400),
    {
      note: 'a failing start names its container, and is 500 unless it tells of something not found',
      down: ({ origin, status, code, missing = false }, { route, name }) =>
        route === 'POST /containers/{name}/start' &&
        origin === 'engine' &&
        status >= 400 &&
        status !== 404 &&
        code !== 'container.startPaused'
          ? {
              status: missing ? 404 : 500,
              context: { is: 'added', phrase: containerContext.start({ name }) },
            }
          : undefined,
    },
    ...linkFlagsWere,
    wordsWere(
      'POST /containers/{name}/kill',
      'setting.signalUnsupported',
      ({ signal }) => `Invalid signal: ${signal}`,
      { alone: true },
    ),
    wordsWere('any', 'container.notFound', ({ name }) => `no such id: ${name}`, { notIn: 'container.start' }),
    noneIsAloneIn1_21,
    statusWas(['POST /networks/{id}/connect', 'POST /networks/{id}/disconnect'], 409, 500, {
      code: 'container.notRunning',
    }),
    // Copying from one that is not there still said nothing.
    wordsWere('POST /containers/{name}/copy', 'container.notFound', () => ''),
  ],
  before: {
    outliveClient: ['imageCreate', 'imagePush'],
    quietBuilds: 'withoutOutput',
    untyped: ['execStart'],
    execTellsContainer: true,
    networkConnects: 'running',
    tags: 'stayUnlessForced',
  },
});
