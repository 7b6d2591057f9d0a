/** How errors were worded up to 1.24, where only capitals, quotes and the place of a name differ from today. */
import { shortId } from '../../../formats/digest.ts';
import { contextWas, type FailureLens, notYet, statusWas, wordsWere } from '../failure.ts';

const quoted = JSON.stringify;

/** Lenses from 1.25 to 1.24 for single words and quotes. */
export const wordsOf1_24: readonly FailureLens[] = [
  wordsWere(
    ['GET /images/{name}/json', 'GET /images/{name}/history'],
    'image.notFound',
    (_fields, { name }) => `No such image: ${name}`,
  ),
  wordsWere(
    'any',
    'setting.workingDirRelative',
    ({ directory }) => `The working directory '${directory}' is invalid. It needs to be an absolute path.`,
  ),
  wordsWere('any', 'setting.portInvalid', ({ port }) => `Invalid port specification: ${quoted(port)}`),
  wordsWere('any', 'setting.securityOptInvalid', ({ option }) => `Invalid --security-opt: ${quoted(option)}`),
  wordsWere('any', 'setting.volumeSpecInvalid', ({ spec }) => `Invalid volume specification: '${spec}'`),
  wordsWere('any', 'setting.mountPointTwice', ({ destination }) => `Duplicate mount point '${destination}'`),
  wordsWere(
    'GET /containers/json',
    'filter.statusUnknown',
    ({ value }) => `Unrecognised filter value for status: ${value}`,
  ),
  // One name for both of Go's readers of integers.
  wordsWere(
    'GET /containers/json',
    'filter.exitedNoNumber',
    ({ value }) => `strconv.ParseInt: parsing ${quoted(value)}: invalid syntax`,
  ),
  wordsWere(
    'any',
    'request.notInteger',
    ({ said, why }) => `strconv.ParseInt: parsing ${quoted(said)}: ${why}`,
  ),
  wordsWere(
    ['POST /containers/{name}/resize', 'POST /exec/{id}/resize'],
    'request.dimensionInvalid',
    ({ said, why }) => `strconv.ParseInt: parsing ${quoted(said)}: ${why}`,
  ),
  statusWas(['POST /containers/{name}/resize', 'POST /exec/{id}/resize'], 409, 500),
  wordsWere(
    ['POST /containers/{name}/attach', 'GET /containers/{name}/attach/ws'],
    'container.attachPaused',
    (_fields, { name }) => `Container ${name} is paused. Unpause the container before attach`,
  ),
  wordsWere(
    ['POST /containers/create', 'POST /containers/{name}/rename'],
    'container.nameTaken',
    ({ name, holder }) =>
      `Conflict. The name "${name}" is already in use by container ${shortId(holder)}. You have to remove (or rename) that container to be able to reuse that name.`,
  ),
];

const kill = 'POST /containers/{name}/kill';

/** Up to 1.24 a kill named the container in another place, and a container that does not run was no conflict. */
export const killWas: readonly FailureLens[] = [
  contextWas(kill, 'container.kill', ({ name }) => `Cannot kill container ${name}`, [
    'container.notFound',
    'container.notRunning',
    'setting.signalUnsupported',
  ]),
  statusWas(kill, 409, 500, { code: 'container.notRunning', remains: [] }),
];

const pausing = ['POST /containers/{name}/pause', 'POST /containers/{name}/unpause'] as const;
const cannotPause = (id: string, what: string, { route, name }: { route: string; name: string }): string =>
  `Cannot ${route.endsWith('unpause') ? 'unpause' : 'pause'} container ${name}: Container ${id} is ${what}`;

/** Up to 1.24 pausing named what it could not do, and that was no conflict. */
export const pauseWas: readonly FailureLens[] = [
  wordsWere(pausing, 'container.alreadyPaused', ({ id }, call) => cannotPause(id, 'already paused', call), {
    status: 500,
  }),
  wordsWere(pausing, 'container.notPaused', ({ id }, call) => cannotPause(id, 'not paused', call), {
    status: 500,
  }),
  wordsWere(pausing, 'container.notRunning', ({ id }, call) => cannotPause(id, 'not running', call), {
    status: 500,
  }),
  notYet(pausing, 409),
];
