/** What each version refuses, as rows: a request, the status and the words by version. */
import type { Answer } from '../../test/harness/http.ts';
import { type Check, check, type Probe, type Texts } from '../probe.ts';

type Statuses = number | readonly (readonly [from: number, status: number])[];

interface Row {
  readonly endpoint: string;
  readonly what: string;
  readonly from?: number;
  readonly until?: number;
  readonly status: Statuses;
  readonly words: string | RegExp | Texts;
  readonly ask: (probe: Probe) => Promise<Answer>;
}

/** 500 up to 1.24: there the daemon of the time had no status for it yet. */
const SERVER_ERROR = 500;
/** What the front door finds was 500 up to 1.23. */
const UNREADABLE: Statuses = [
  [0, 500],
  [24, 400],
];

type Made = Readonly<Record<string, unknown>>;

const creating = (what: string, config: Made, row: Pick<Row, 'words'> & Partial<Row>): Row => ({
  endpoint: 'ContainerCreate',
  what,
  status: SERVER_ERROR,
  ask: (probe) => probe.api.post('/containers/create', { Image: probe.here.image, Cmd: ['true'], ...config }),
  ...row,
});

/** A host configuration comes with the create from 1.15 on. */
const hosting = (what: string, host: Made, row: Pick<Row, 'words'> & Partial<Row>): Row =>
  creating(what, { HostConfig: host }, { from: 15, ...row });

const creations: readonly Row[] = [
  creating(
    'less memory than a process needs',
    { Memory: 1 << 10 },
    {
      words: [
        [0, /^Minimum memory limit allowed is 512k$/],
        [15, /^Minimum memory limit allowed is 4MB$/],
      ],
      from: 6,
    },
  ),
  creating(
    'swap below memory',
    { Memory: 64 << 20, MemorySwap: 32 << 20 },
    {
      from: 15,
      words: /^Minimum memoryswap limit should be larger than memory limit, see usage\.?$/,
    },
  ),
  creating(
    'swap without memory',
    { MemorySwap: 64 << 20 },
    {
      from: 15,
      words: /^You should always set the Memory limit when using Memoryswap limit, see usage\.?$/,
    },
  ),
  creating(
    'a working directory that is not absolute',
    { WorkingDir: 'here' },
    {
      from: 4,
      words: "The working directory 'here' is invalid. It needs to be an absolute path.",
    },
  ),
  creating(
    'a port that is none',
    { ExposedPorts: { 'x/tcp': {} } },
    {
      from: 15,
      words: 'Invalid port specification: "x/tcp"',
    },
  ),
  hosting(
    'a security option that is none',
    { SecurityOpt: ['what:ever'] },
    {
      words: 'Invalid --security-opt: "what:ever"',
    },
  ),
  hosting(
    'a bind whose mode is none',
    { Binds: ['/etc:/x:odd'] },
    {
      words: [
        [15, /^Invalid (volume specification|mode for volume|bind mount|bind mode).*(\/etc:\/x:odd|odd)/i],
      ],
    },
  ),
  hosting(
    'two binds at one path',
    { Binds: ['/etc:/x', '/tmp:/x'] },
    {
      words: [
        [15, 'Duplicate bind mount /x'],
        [21, "Duplicate mount point '/x'"],
      ],
    },
  ),
  hosting(
    'volumes of a container that is not there',
    { VolumesFrom: ['nobody'] },
    {
      status: 404,
      words: /no such (id|container): nobody$|container nobody not found/i,
    },
  ),
  hosting(
    'swappiness that is none',
    { MemorySwappiness: 101 },
    {
      from: 20,
      words: /^Invalid value: 101, valid memory swappiness range is 0-100\.?$/,
    },
  ),
  hosting(
    'a weight of block devices that is none',
    { BlkioWeight: 5 },
    {
      from: 19,
      words: /^Range of blkio weight is from 10 to 1000\.?$/,
    },
  ),
  hosting(
    'a link on the host’s network',
    { NetworkMode: 'host', Links: ['a:b'] },
    {
      status: 409,
      words: /^[Cc]onflicting options: /,
      from: 18,
      until: 23,
    },
  ),
  creating(
    'an empty body',
    {},
    {
      status: UNREADABLE,
      words: 'EOF',
      ask: (probe) => probe.api.post('/containers/create', ''),
    },
  ),
  creating(
    'half a JSON body',
    {},
    {
      status: UNREADABLE,
      words: 'unexpected EOF',
      ask: (probe) => probe.api.post('/containers/create', '{"Image":'),
    },
  ),
];

const lists: readonly Row[] = [
  {
    endpoint: 'ContainerList',
    what: 'a limit that is no number',
    from: 19,
    status: UNREADABLE,
    words: /^strconv\.(ParseInt|Atoi): parsing "x": invalid syntax$/,
    ask: ({ api }) => api.get('/containers/json?limit=x'),
  },
  ...(
    [
      ['ContainerList', 14, '/containers/json'],
      ['ImageList', 12, '/images/json'],
    ] as const
  ).map(([endpoint, from, path]) => ({
    endpoint,
    what: 'filters that are no JSON',
    from,
    until: 23,
    status: UNREADABLE,
    words: /invalid character|unexpected end/,
    ask: ({ api }: Probe) => api.get(`${path}?filters=x`),
  })),
  {
    endpoint: 'Events',
    what: 'a time that is none',
    from: 19,
    status: UNREADABLE,
    words: /strconv|invalid/,
    ask: ({ api }) => api.get('/events?since=x'),
  },
];

const lives: readonly Row[] = [
  ...(
    [
      ['ContainerStop', 'stop', 'stop?t=0'],
      ['ContainerKill', 'kill', 'kill'],
    ] as const
  ).map(([endpoint, verb, call]) => ({
    endpoint,
    what: 'a paused container',
    from: 12,
    until: 20,
    status: SERVER_ERROR,
    words: new RegExp(
      `^Cannot ${verb} container \\w+: Container \\w+ is paused\\. Unpause the container before stopping$`,
    ),
    ask: async (probe: Probe) => probe.api.post(`/containers/${await paused(probe)}/${call}`),
  })),
  {
    endpoint: 'ContainerStart',
    what: 'a body of another content type',
    from: 14,
    until: 23,
    status: SERVER_ERROR,
    words: [
      [14, 'Content-Type of application/json is required'],
      [15, "Content-Type specified (text/plain) must be 'application/json'"],
    ],
    ask: async (probe) =>
      probe.api.post(`/containers/${await probe.create()}/start`, '{"Binds":["/etc:/x"]}', {
        headers: { 'content-type': 'text/plain' },
      }),
  },
  {
    endpoint: 'ContainerResize',
    what: 'a container that does not run',
    from: 16,
    status: SERVER_ERROR,
    words: [
      [16, /^Cannot resize container \w+, container is not running$/],
      [19, /^Container \w+ is not running$/i],
    ],
    ask: async (probe) => probe.api.post(`/containers/${await probe.create({ Tty: true })}/resize?h=9&w=9`),
  },
  {
    endpoint: 'ContainerRename',
    what: 'a name that may not be',
    status: SERVER_ERROR,
    words:
      'Error when allocating new name: Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
    ask: async (probe) => probe.api.post(`/containers/${await probe.create()}/rename?name=a%20b`),
  },
  {
    endpoint: 'ContainerDelete',
    what: 'the name of its own as a link',
    from: 6,
    status: 409,
    words: 'Conflict, cannot remove the default name of the container',
    ask: async (probe) => {
      const name = probe.name('own');
      await probe.create({}, {}, `?name=${name}`);
      return probe.api.delete(`/containers/${name}?link=1`);
    },
  },
];

async function paused(probe: Probe): Promise<string> {
  const id = await probe.running();
  await probe.api.post(`/containers/${id}/pause`);
  return id;
}

const images: readonly Row[] = [
  {
    endpoint: 'ImageTag',
    what: 'a tag that may not be',
    until: 20,
    status: SERVER_ERROR,
    words: [
      [0, 'Illegal tag name: a b'],
      [15, 'Illegal tag name (a b): only [A-Za-z0-9_.-] are allowed, minimum 2, maximum 30 in length'],
      [17, 'Illegal tag name (a b): only [A-Za-z0-9_.-] are allowed, minimum 1, maximum 128 in length'],
      [
        20,
        "Illegal tag name (a b): only [A-Za-z0-9_.-] are allowed ('.' and '-' are NOT allowed in the initial), minimum 1, maximum 128 in length",
      ],
    ],
    ask: ({ api, here }) => api.post(`/images/${here.image}/tag?repo=x&tag=a%20b`),
  },
  {
    endpoint: 'ImageDelete',
    what: 'an image in several repositories, by its id',
    from: 10,
    until: 20,
    status: 409,
    words:
      /^Conflict, cannot delete image \w+ because it is tagged in multiple repositories, use -f to force$/,
    ask: async (probe) => {
      const [one, two] = [probe.name('one'), probe.name('two')];
      await probe.newest.post(`/images/create?fromSrc=-&repo=${one}`, Buffer.alloc(1024));
      await probe.newest.post(`/images/${one}/tag?repo=${two}`);
      const { Id } = (await probe.newest.get(`/images/${one}/json`)).json<{ Id: string }>();
      const answer = await probe.api.delete(`/images/${Id.slice('sha256:'.length)}`);
      await probe.newest.delete(`/images/${one}`);
      await probe.newest.delete(`/images/${two}`);
      return answer;
    },
  },
  {
    endpoint: 'Commit',
    what: 'a body that is no JSON',
    from: 19,
    until: 23,
    status: UNREADABLE,
    words: "invalid character 'x' looking for beginning of value",
    ask: async (probe) => probe.api.post(`/commit?container=${await probe.create()}`, 'xyz'),
  },
  {
    endpoint: 'Build',
    what: 'a Dockerfile of another name that is not there',
    from: 17,
    until: 23,
    status: SERVER_ERROR,
    words: [
      [17, 'Cannot locate Dockerfile: other'],
      [18, 'Cannot locate specified Dockerfile: other'],
    ],
    ask: ({ api }) =>
      api.post('/build?dockerfile=other', Buffer.alloc(1024), {
        headers: { 'content-type': 'application/tar' },
      }),
  },
];

const asCheck = ({ endpoint, what, status, words, ask, ...range }: Row): Check =>
  check(
    endpoint,
    what,
    async (probe) => {
      const answer = await ask(probe);
      probe.failed(endpoint, answer, typeof status === 'number' ? status : probe.since(...status), words);
    },
    range,
  );

export const refusals: readonly Check[] = [...creations, ...lists, ...lives, ...images].map(asCheck);
