/** What a client of the crowd does to containers, tags, volumes and networks, and what each answer says of them. */
import { file, tarOf } from '../../harness/layered.ts';
import type { Life } from '../life.ts';
import type { History } from './history.ts';
import type { Boxes, BoxOp } from './models/containers.ts';
import type { Held, HeldOp, TagOp } from './models/stores.ts';

/** An answer that no verb has: what is wrong without any order. */
class Odd extends Error {}

/** Who does a verb, and by which chances. */
export interface Doer {
  readonly life: Life;
  readonly random: () => number;
  /** A number that nobody has had. */
  readonly next: () => number;
}

const pick = <T>(random: () => number, from: readonly T[]): T =>
  from[Math.floor(random() * from.length)] as T;

interface Told {
  readonly status: number;
  readonly text: string;
}

/** The moments by status. @throws Odd for any other */
function by<Op>(
  what: string,
  answer: Told,
  statuses: Readonly<Record<number, readonly Op[]>>,
): readonly Op[] {
  const moments = statuses[answer.status];
  if (moments === undefined) throw new Odd(`${what}: ${answer.status} ${answer.text.trim().slice(0, 300)}`);
  return moments;
}

/** Containers that share a few names. */
export interface Group {
  readonly history: History<Boxes, BoxOp>;
  readonly names: readonly string[];
  /** Of those that somebody was told of, the newest last. */
  readonly ids: string[];
}

const CONTAINER_VERBS = [
  'create',
  'create',
  'start',
  'start',
  'start',
  'stop',
  'kill',
  'pause',
  'unpause',
  'restart',
  'rename',
  'rm',
  'rmf',
  'inspect',
  'inspect',
  'find',
  'exec',
  'commit',
] as const;
/** How many of the newest containers are spoken of. */
const KNOWN = 4;

/** Does one thing to one of them. */
export async function containerVerb(doer: Doer, { history, names, ids }: Group): Promise<void> {
  const { life, random } = doer;
  const verb = pick(random, CONTAINER_VERBS);
  const name = pick(random, names);
  const call = doer.next();
  if (verb === 'create') {
    const body = {
      Image: 'busybox',
      Cmd: ['sleep', '100000'],
      StopSignal: 'SIGKILL',
      HostConfig: { NetworkMode: 'none' },
    };
    return history.record(life, ['POST', `/containers/create?name=${name}`, body], (answer) => {
      if (answer === undefined) return [{ moment: 'cut create', call, id: `?${call}`, name }];
      const taken: BoxOp[] = [{ moment: 'taken', call, name }];
      if (answer.status !== 201) return by(verb, answer, { 409: taken });
      const { Id: id } = JSON.parse(answer.text) as { Id: string };
      ids.push(id);
      return [
        { moment: 'reserve', call, name },
        { moment: 'add', call, id, name },
      ];
    });
  }
  if (verb === 'find')
    return history.record(life, ['GET', `/containers/${name}/json`], (answer) => {
      if (answer === undefined) return [];
      if (answer.status !== 200) return by<BoxOp>(verb, answer, { 404: [{ moment: 'nobody', call, name }] });
      const { Id: id } = JSON.parse(answer.text) as { Id: string };
      if (!ids.slice(-KNOWN).includes(id)) ids.push(id);
      return [{ moment: 'is found', call, id, name }];
    });
  if (ids.length === 0) return;
  const id = pick(random, ids.slice(-KNOWN));
  const request = requestOf(verb, id, name);
  return history.record(life, request, (answer) =>
    answer === undefined ? cutMoments(verb, call, id, name) : moments(verb, call, { id, name }, answer),
  );
}

type BoxVerb = Exclude<(typeof CONTAINER_VERBS)[number], 'create' | 'find'>;

function requestOf(verb: BoxVerb, id: string, name: string): readonly [string, string, unknown?] {
  switch (verb) {
    case 'inspect':
      return ['GET', `/containers/${id}/json`];
    case 'rm':
      return ['DELETE', `/containers/${id}`];
    case 'rmf':
      return ['DELETE', `/containers/${id}?force=1`];
    case 'rename':
      return ['POST', `/containers/${id}/rename?name=${name}`];
    case 'exec':
      return ['POST', `/containers/${id}/exec`, { Cmd: ['true'] }];
    case 'commit':
      return ['POST', `/commit?container=${id}&pause=0`, {}];
    default:
      return ['POST', `/containers/${id}/${verb}`];
  }
}

type Simple = Exclude<BoxOp, { readonly name: string } | { readonly among: unknown }>['moment'];
type Among = Extract<BoxOp, { readonly among: unknown }>['among'][number];
type LifeVerb = Exclude<BoxVerb, 'rename' | 'inspect'>;

function moments(
  verb: BoxVerb,
  call: number,
  { id, name }: { readonly id: string; readonly name: string },
  answer: Told,
): readonly BoxOp[] {
  const gone: BoxOp[] = [{ moment: 'is not', call, id, among: [] }];
  if (verb === 'rename')
    return by<BoxOp>(verb, answer, {
      204: [
        { moment: 'take', call, id, name },
        { moment: 'release', call, id, name },
      ],
      400: [{ moment: 'is its name', call, id, name }],
      409: [{ moment: 'taken', call, name }],
      404: gone,
    });
  if (verb !== 'inspect') return by(verb, answer, { ...lifeMoments(call, id)[verb], 404: gone });
  if (answer.status !== 200) return by(verb, answer, { 404: gone });
  const { Status } = (JSON.parse(answer.text) as { State: { Status: 'running' } }).State;
  return [{ moment: 'is', call, id, among: Status === 'running' ? ['running', 'starting'] : [Status] }];
}

/** By verb and status. */
function lifeMoments(
  call: number,
  id: string,
): Readonly<Record<LifeVerb, Readonly<Record<number, readonly BoxOp[]>>>> {
  const each = (...all: readonly Simple[]): BoxOp[] => all.map((moment) => ({ moment, call, id }));
  const is = (...among: readonly Among[]): BoxOp[] => [{ moment: 'is', call, id, among }];
  const ended = each('asked to end', 'thaw', 'end');
  const endedIfAlive = each('asked to end if alive', 'thaw', 'end');
  return {
    start: { 204: each('begin', 'ready'), 304: is('running'), 409: is('paused', 'removing') },
    stop: { 204: ended, 304: is('created', 'exited', 'removing') },
    kill: { 204: ended, 409: is('created', 'starting', 'exited', 'removing') },
    restart: { 204: [...endedIfAlive, ...each('begin', 'ready')], 409: is('removing') },
    pause: { 204: each('pause'), 409: is('created', 'exited', 'paused', 'ending', 'removing') },
    unpause: { 204: each('unpause'), 409: is('created', 'starting', 'running', 'exited', 'removing') },
    rm: { 204: each('leave', 'gone'), 409: is('starting', 'running', 'paused', 'removing') },
    rmf: {
      204: [...endedIfAlive, ...endedIfAlive, ...each('leave', 'gone')],
      409: is('starting', 'removing'),
    },
    exec: {
      201: is('starting', 'running'),
      409: is('created', 'starting', 'paused', 'exited', 'removing'),
    },
    commit: {
      201: is('created', 'starting', 'running', 'paused', 'exited', 'removing'),
      409: is('removing'),
    },
  };
}

function cutMoments(verb: BoxVerb, call: number, id: string, name: string): readonly BoxOp[] {
  const cut: Partial<Record<BoxVerb, readonly BoxOp[]>> = {
    start: [{ moment: 'cut start', call, id }],
    stop: [{ moment: 'cut end', call, id }],
    kill: [{ moment: 'cut end', call, id }],
    restart: [
      { moment: 'cut end', call, id },
      { moment: 'cut start', call, id },
    ],
    pause: [{ moment: 'pause', call, id }],
    unpause: [{ moment: 'unpause', call, id }],
    rename: [{ moment: 'cut rename', call, id, name }],
    rm: [{ moment: 'cut removal', call, id }],
    rmf: [
      { moment: 'cut end', call, id },
      { moment: 'cut removal', call, id },
    ],
  };
  return cut[verb] ?? [];
}

/** A tag, and images that stay whatever happens to it. */
export interface Tagged {
  readonly history: History<string, TagOp>;
  readonly tag: string;
  /** Id by the name that it keeps. */
  readonly images: readonly (readonly [name: string, id: string])[];
}

/** Writes, reads or removes a tag. */
export async function tagVerb({ life, random, next }: Doer, { history, tag, images }: Tagged): Promise<void> {
  const drawn = random();
  const absent: readonly TagOp[] = [{ moment: 'absent' }];
  if (drawn < 0.3) {
    const [name, id] = pick(random, images);
    const write: readonly TagOp[] = [{ moment: 'write', id }];
    return history.record(life, ['POST', `/images/${name}/tag?repo=${tag}&tag=latest`], (answer) =>
      answer === undefined ? write : by('tag', answer, { 201: write }),
    );
  }
  if (drawn < 0.4) return buildAs(life, history, tag, next());
  if (drawn < 0.6)
    return history.record(life, ['DELETE', `/images/${tag}`], (answer) =>
      answer === undefined
        ? [{ moment: 'remove' }]
        : by<TagOp>('rmi', answer, {
            200: [{ moment: 'remove' }],
            409: [{ moment: 'there' }], // a build is using it
            404: absent,
          }),
    );
  return history.record(life, ['GET', `/images/${tag}/json`], (answer) => {
    if (answer === undefined) return [];
    if (answer.status !== 200) return by('inspect of an image', answer, { 404: absent });
    return [{ moment: 'read', id: (JSON.parse(answer.text) as { Id: string }).Id }];
  });
}

function buildAs(life: Life, history: History<string, TagOp>, tag: string, salt: number): Promise<void> {
  const context = tarOf([file('Dockerfile', `FROM busybox\nLABEL salt=${salt}\nCOPY Dockerfile /\n`)]);
  return history.record(life, ['POST', `/build?t=${tag}&rm=1`, context], (answer) => {
    if (answer === undefined) return [{ moment: 'write', id: '?' }];
    const id = /"ID":"(sha256:[0-9a-f]{64})"/.exec(answer.text)?.[1];
    if (id === undefined) throw new Odd(`build: ${answer.status} ${answer.text.slice(-300)}`);
    return [{ moment: 'write', id }];
  });
}

/** A volume, and the containers that use it. */
export interface Used {
  readonly history: History<Held, HeldOp>;
  readonly name: string;
  readonly users: string[];
}

/** Until it is done, it is held by who does it. */
const held = (who: string, op: HeldOp): HeldOp[] => [{ moment: 'hold', who }, op, { moment: 'go', who }];

/** Makes, uses, leaves, removes or reads a volume. */
export async function volumeVerb(doer: Doer, { history, name, users }: Used): Promise<void> {
  const { life, random } = doer;
  const drawn = random();
  const record = (request: Parameters<typeof history.record>[1], seen: Readonly<Record<number, HeldOp[]>>) =>
    history.record(life, request, (answer) =>
      answer === undefined ? (seen[0] ?? []) : by(request.join(' '), answer, seen),
    );
  if (drawn < 0.2)
    return record(['POST', '/volumes/create', { Name: name }], {
      0: [{ moment: 'make' }],
      201: held(`maker-${doer.next()}`, { moment: 'make' }),
    });
  if (drawn < 0.4) {
    const who = `${name}-user-${doer.next()}`;
    const body = {
      Image: 'busybox',
      Cmd: ['true'],
      HostConfig: { Binds: [`${name}:/v`], NetworkMode: 'none' },
    };
    users.push(who);
    return record(['POST', `/containers/create?name=${who}`, body], {
      0: [{ moment: 'join or make', who }],
      201: held(`maker of ${who}`, { moment: 'join or make', who }),
    });
  }
  if (drawn < 0.6) {
    const who = users.shift();
    if (who === undefined) return;
    return record(['DELETE', `/containers/${who}`], {
      0: [{ moment: 'out', who }],
      204: [{ moment: 'out', who }],
      404: [{ moment: 'no member', who }],
    });
  }
  if (drawn < 0.8)
    return record(['DELETE', `/volumes/${name}`], {
      0: [{ moment: 'remove' }],
      204: [{ moment: 'remove' }],
      409: [{ moment: 'held' }],
      404: [{ moment: 'absent' }],
    });
  return history.record(life, ['GET', `/volumes/${name}`], (answer) =>
    answer === undefined
      ? []
      : by<HeldOp>('inspect of a volume', answer, {
          200: [{ moment: 'there' }],
          404: [{ moment: 'absent' }],
        }),
  );
}

/** A network, and running containers that come and go. */
export interface Joined {
  readonly history: History<Held, HeldOp>;
  readonly name: string;
  /** Id by name. */
  readonly containers: readonly (readonly [name: string, id: string])[];
}

/** Makes, joins, leaves, removes or reads a network. */
export async function networkVerb(
  { life, random }: Doer,
  { history, name, containers }: Joined,
): Promise<void> {
  const drawn = random();
  const [Container, who] = pick(random, containers);
  const absent: HeldOp[] = [{ moment: 'absent' }];
  const record = (request: Parameters<typeof history.record>[1], seen: Readonly<Record<number, HeldOp[]>>) =>
    history.record(life, request, (answer) =>
      answer === undefined ? (seen[0] ?? []) : by(request.join(' '), answer, { ...seen, 0: [] }),
    );
  if (drawn < 0.2)
    return record(['POST', '/networks/create', { Name: name }], {
      0: [{ moment: 'make anew' }],
      201: [{ moment: 'make anew' }],
      409: [{ moment: 'there' }],
    });
  if (drawn < 0.45)
    return record(['POST', `/networks/${name}/connect`, { Container }], {
      0: [{ moment: 'in', who }],
      200: [
        { moment: 'come', who },
        { moment: 'join', who },
      ],
      403: [{ moment: 'member', who }],
      404: absent,
    });
  if (drawn < 0.65)
    return record(['POST', `/networks/${name}/disconnect`, { Container }], {
      0: [{ moment: 'out', who }],
      200: [
        { moment: 'leave', who },
        { moment: 'go', who },
      ],
      500: [{ moment: 'no member', who }], // Docker's status for who is not connected
      404: absent,
    });
  if (drawn < 0.8)
    return record(['DELETE', `/networks/${name}`], {
      0: [{ moment: 'remove' }],
      204: [{ moment: 'remove' }],
      403: [{ moment: 'held' }],
      404: absent,
    });
  return history.record(life, ['GET', `/networks/${name}`], (answer) => {
    if (answer === undefined) return [];
    if (answer.status !== 200) return by('inspect of a network', answer, { 404: absent });
    const { Containers } = JSON.parse(answer.text) as { Containers: Record<string, unknown> };
    return [{ moment: 'members', who: Object.keys(Containers) }];
  });
}
