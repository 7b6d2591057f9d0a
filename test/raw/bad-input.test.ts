/** What no client should send, at four versions: the status and the words of each, and an engine that is none the worse. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import type { Answer } from '../harness/http.ts';

const versions = ['1.12', '1.21', '1.24', undefined] as const;
type Told = readonly [status: number, words: string | RegExp];
/** What each of {@link versions} answers; one for all, when all say the same. */
type Expected = Told | readonly [Told, Told, Told, Told];

interface Bad {
  readonly what: string;
  /** Method and path; `RUNNING` and `STOPPED` stand for the ids of such containers. */
  readonly line: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expected: Expected;
}

const gantry = await startGantry({ after });
const newest = gantry.api();
const busybox = { Image: 'busybox', Cmd: ['true'] };

async function create(more: object = {}, query = ''): Promise<string> {
  const answer = await newest.post(`/containers/create${query}`, { ...busybox, ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.json<{ Id: string }>().Id;
}
const stopped = await create();
const taken = (await create({}, '?name=taken')).slice(0, 12);
const running = await create({ Cmd: ['sleep', '600'] });
assert.equal((await newest.post(`/containers/${running}/start`)).status, 204);
// An image that names no command: two blocks of zeros are an empty archive.
const empty = await newest.post('/images/create?fromSrc=-&repo=bare', Buffer.alloc(1024));
assert.equal(empty.status, 200, empty.text);

/** The same at every version but for the status, which became 400 where it was 500: up to 1.23 or up to 1.24. */
const since124 = (words: string | RegExp, today = words): Expected => [
  [500, words],
  [500, words],
  [400, words],
  [400, today],
];
const since125 = (words: string | RegExp, today = words): Expected => [
  [500, words],
  [500, words],
  [500, words],
  [400, today],
];
const unknown = (what: string): Expected => [
  [404, `No such container: ${what}`],
  [404, `no such id: ${what}`],
  [404, `No such container: ${what}`],
  [404, `No such container: ${what}`],
];
const filters = (value: unknown) => encodeURIComponent(JSON.stringify(value));
const made: Told = [201, /^\{"Id":"[0-9a-f]{64}"/];
/** Below 1.15 create knows no HostConfig and ignores it. */
const inHostConfig = (before: string, today: string, from124 = before): Expected => [
  made,
  [500, before],
  [500, from124],
  [400, today],
];
const decoder = (words: string | RegExp): Expected =>
  since124(words, typeof words === 'string' ? `invalid JSON: ${words}` : words);
const nameRule = 'only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed';

const CREATE = 'POST /containers/create';
const bodies: readonly Bad[] = [
  { what: 'half a JSON body', line: CREATE, body: '{"Image":', expected: decoder('unexpected EOF') },
  {
    what: 'a body that is no JSON',
    line: CREATE,
    body: 'xyz',
    expected: decoder("invalid character 'x' looking for beginning of value"),
  },
  { what: 'an empty body', line: CREATE, body: '', expected: decoder('EOF') },
  {
    what: 'an object without anything',
    line: CREATE,
    body: {},
    expected: since125(
      'Config cannot be empty in order to create a container',
      'config cannot be empty in order to create a container',
    ),
  },
  {
    what: 'brackets without end',
    line: CREATE,
    body: '['.repeat(200_000),
    expected: decoder('exceeded max depth'),
  },
  {
    what: 'a number for a text',
    line: CREATE,
    body: { Image: 5 },
    expected: decoder(/json: cannot unmarshal number into Go struct field \S*Image of type string/),
  },
  {
    what: 'a number in a list of texts',
    line: CREATE,
    body: { ...busybox, Cmd: [1] },
    expected: decoder(/json: cannot unmarshal number into Go struct field \S*Cmd of type string/),
  },
  {
    what: 'a text for a number in HostConfig',
    line: CREATE,
    body: { ...busybox, HostConfig: { Memory: 'much' } },
    expected: [
      made,
      [500, /json: cannot unmarshal string .*Memory of type int64/],
      [400, /json: cannot unmarshal string .*Memory of type int64/],
      [400, /^invalid JSON: json: cannot unmarshal string .*Memory of type int64/],
    ],
  },
  {
    what: 'another content type',
    line: CREATE,
    body: JSON.stringify(busybox),
    headers: { 'content-type': 'text/plain' },
    expected: [
      made,
      [500, "Content-Type specified (text/plain) must be 'application/json'"],
      [400, "Content-Type specified (text/plain) must be 'application/json'"],
      [400, "unsupported Content-Type header (text/plain): must be 'application/json'"],
    ],
  },
  {
    what: 'a body over the limit',
    line: CREATE,
    body: { ...busybox, Labels: { much: 'x'.repeat(5 << 20) } },
    expected: [413, /^request body too large: more than \d+ bytes$/],
  },
];

const names: readonly Bad[] = [
  { what: 'inspect of an unknown container', line: 'GET /containers/nope/json', expected: unknown('nope') },
  { what: 'start of an unknown container', line: 'POST /containers/nope/start', expected: unknown('nope') },
  { what: 'stop of an unknown container', line: 'POST /containers/nope/stop', expected: unknown('nope') },
  { what: 'wait for an unknown container', line: 'POST /containers/nope/wait', expected: unknown('nope') },
  { what: 'removal of an unknown container', line: 'DELETE /containers/nope', expected: unknown('nope') },
  {
    what: 'logs of an unknown container',
    line: 'GET /containers/nope/logs?stdout=1',
    expected: unknown('nope'),
  },
  {
    what: 'attach to an unknown container',
    line: 'POST /containers/nope/attach?stream=1',
    expected: unknown('nope'),
  },
  { what: 'a name that climbs', line: 'GET /containers/..%2F..%2Fetc/json', expected: unknown('../../etc') },
  {
    what: 'kill of an unknown container',
    line: 'POST /containers/nope/kill',
    expected: [
      [404, 'No such container: nope'],
      [404, 'Cannot kill container nope: no such id: nope'],
      [404, 'Cannot kill container nope: No such container: nope'],
      [404, 'cannot kill container: nope: No such container: nope'],
    ],
  },
  {
    what: 'an unknown exec',
    line: 'POST /exec/nope/start',
    body: {},
    expected: [
      [404, "No such exec instance 'nope' found in daemon"],
      [404, "No such exec instance 'nope' found in daemon"],
      [404, "No such exec instance 'nope' found in daemon"],
      [404, 'No such exec instance: nope'],
    ],
  },
  {
    what: 'inspect of an unknown image',
    line: 'GET /images/nope/json',
    expected: [
      [404, 'No such image: nope'],
      [404, 'No such image: nope'],
      [404, 'No such image: nope'],
      [404, 'No such image: nope:latest'],
    ],
  },
  {
    what: 'a name with a space',
    line: 'POST /containers/create?name=a%20b',
    body: busybox,
    expected: since125(`Invalid container name (a b), ${nameRule}`),
  },
  {
    what: 'a new name that climbs',
    line: 'POST /containers/create?name=..%2Fx',
    body: busybox,
    expected: since125(`Invalid container name (../x), ${nameRule}`),
  },
  {
    what: 'a name that is taken',
    line: 'POST /containers/create?name=taken',
    body: busybox,
    expected: [
      [
        409,
        `Conflict, The name taken is already assigned to ${taken}. You have to delete (or rename) that container to be able to assign taken to a container again.`,
      ],
      [
        409,
        `Conflict. The name "taken" is already in use by container ${taken}. You have to remove (or rename) that container to be able to reuse that name.`,
      ],
      [
        409,
        `Conflict. The name "taken" is already in use by container ${taken}. You have to remove (or rename) that container to be able to reuse that name.`,
      ],
      [
        409,
        new RegExp(
          `^Conflict\\. The container name "/taken" is already in use by container "${taken}[0-9a-f]{52}"\\. You have to remove \\(or rename\\) that container to be able to reuse that name\\.$`,
        ),
      ],
    ],
  },
  {
    what: 'an image that is not here',
    line: CREATE,
    body: { Image: 'nope', Cmd: ['true'] },
    expected: [
      [404, 'No such image: nope (tag: latest)'],
      [404, 'No such image: nope:latest'],
      [404, 'No such image: nope:latest'],
      [404, 'No such image: nope:latest'],
    ],
  },
  {
    what: 'an image whose name is none',
    line: CREATE,
    body: { Image: 'NOPE::x', Cmd: ['true'] },
    expected: since125(/^invalid reference format: .* must be lowercase$/),
  },
  {
    what: 'a route that is none',
    line: 'GET /nope',
    expected: [
      [404, '404 page not found'],
      [404, '404 page not found'],
      [404, 'page not found'],
      [404, 'page not found'],
    ],
  },
];

const creations: readonly Bad[] = [
  {
    what: 'no command, neither in the config nor in the image',
    line: CREATE,
    body: { Image: 'bare' },
    expected: [
      [500, 'No command specified'],
      [500, 'No command specified'],
      [400, /^no command specified$/i],
      [400, 'no command specified'],
    ],
  },
  {
    what: 'a working directory that is not absolute',
    line: CREATE,
    body: { ...busybox, WorkingDir: 'here' },
    expected: since125(
      "The working directory 'here' is invalid. It needs to be an absolute path.",
      "the working directory 'here' is invalid, it needs to be an absolute path",
    ),
  },
  {
    what: 'a port that is none',
    line: CREATE,
    body: { ...busybox, ExposedPorts: { 'x/tcp': {} } },
    expected: since125('Invalid port specification: "x/tcp"', 'invalid port specification: "x/tcp"'),
  },
  {
    what: 'a bind to a path that is not absolute',
    line: CREATE,
    body: { ...busybox, HostConfig: { Binds: ['/a:b'] } },
    expected: inHostConfig(
      "Invalid volume specification: '/a:b'",
      `invalid volume specification: '/a:b': invalid mount config for type "bind": invalid mount path: 'b' mount path must be absolute`,
    ),
  },
  {
    what: 'a bind of an unknown mode',
    line: CREATE,
    body: { ...busybox, HostConfig: { Binds: ['/a:/b:odd'] } },
    expected: inHostConfig(
      "Invalid volume specification: '/a:/b:odd'",
      "invalid volume specification: '/a:/b:odd': invalid mode: odd",
    ),
  },
  {
    what: 'a bind in too many parts',
    line: CREATE,
    body: { ...busybox, HostConfig: { Binds: ['/a:/b:ro:x'] } },
    expected: inHostConfig(
      "Invalid volume specification: '/a:/b:ro:x'",
      "invalid volume specification: '/a:/b:ro:x'",
    ),
  },
  {
    what: 'two binds on one path',
    line: CREATE,
    body: { ...busybox, HostConfig: { Binds: ['/etc:/b', '/tmp:/b'] } },
    expected: inHostConfig("Duplicate mount point '/b'", 'Duplicate mount point: /b'),
  },
  {
    what: 'less memory than none',
    line: CREATE,
    body: { ...busybox, HostConfig: { Memory: -1 } },
    expected: [
      made,
      [500, /^Minimum memory limit/],
      [500, /^Minimum memory limit/],
      [400, /^Minimum memory limit/],
    ],
  },
  {
    what: 'swap below memory',
    line: CREATE,
    body: { ...busybox, HostConfig: { Memory: 64 << 20, MemorySwap: 1 << 20 } },
    expected: inHostConfig(
      'Minimum memoryswap limit should be larger than memory limit, see usage',
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ),
  },
  {
    what: 'shared memory below nothing',
    line: CREATE,
    body: { ...busybox, HostConfig: { ShmSize: -1 } },
    // ShmSize is of 1.22.
    expected: [
      made,
      made,
      [500, 'SHM size can not be less than 0'],
      [400, 'SHM size can not be less than 0'],
    ],
  },
  {
    what: 'a security option that is none',
    line: CREATE,
    body: { ...busybox, HostConfig: { SecurityOpt: ['odd'] } },
    expected: inHostConfig('Invalid --security-opt: "odd"', 'invalid --security-opt 1: "odd"'),
  },
];

const verbs: readonly Bad[] = [
  ...['NOPE', '0', '-1'].map((signal) => ({
    what: `the signal ${signal}`,
    line: `POST /containers/RUNNING/kill?signal=${signal}`,
    expected: since125(
      `Invalid signal: ${signal}`,
      `cannot kill container: RUNNING: invalid signal: ${signal}`,
    ),
  })),
  {
    what: 'the signal 65',
    line: 'POST /containers/RUNNING/kill?signal=65',
    expected: [
      [500, 'Invalid signal: 65'],
      [500, 'Invalid signal: 65'],
      [500, 'Cannot kill container RUNNING: The linux daemon does not support signal 65'],
      [400, 'cannot kill container: RUNNING: the linux daemon does not support signal 65'],
    ],
  },
  {
    what: 'kill of what does not run',
    line: 'POST /containers/STOPPED/kill',
    expected: [
      [204, ''],
      [500, 'Cannot kill container STOPPED: Container STOPPED is not running'],
      [500, 'Cannot kill container STOPPED: Container STOPPED is not running'],
      [409, 'cannot kill container: STOPPED: container STOPPED is not running'],
    ],
  },
  {
    what: 'exec in what does not run',
    line: 'POST /containers/STOPPED/exec',
    body: { Cmd: ['true'] },
    expected: [
      [500, 'Container STOPPED is not running'],
      [409, 'Container STOPPED is not running'],
      [409, 'Container STOPPED is not running'],
      [409, 'container STOPPED is not running'],
    ],
  },
  {
    what: 'exec of nothing',
    line: 'POST /containers/RUNNING/exec',
    body: {},
    expected: since125('No exec command specified'),
  },
  {
    what: 'detach keys that are none',
    line: 'POST /containers/RUNNING/exec',
    body: { Cmd: ['true'], DetachKeys: 'ctrl-1' },
    // Below 1.22 there were none to choose.
    expected: [
      made,
      made,
      [500, /^invalid detach keys \(ctrl-1\)/i],
      [400, /^invalid detach keys \(ctrl-1\)/i],
    ],
  },
  {
    what: 'resize to what is no number',
    line: 'POST /containers/RUNNING/resize?h=x&w=1',
    expected: since125(
      'strconv.ParseInt: parsing "x": invalid syntax',
      'invalid resize height "x": invalid syntax',
    ),
  },
  {
    what: 'resize of what does not run',
    line: 'POST /containers/STOPPED/resize?h=1&w=1',
    expected: [
      [500, 'Cannot resize container STOPPED, container is not running'],
      [500, 'Container STOPPED is not running'],
      [500, 'Container STOPPED is not running'],
      [409, 'container STOPPED is not running'],
    ],
  },
  {
    what: 'rename to nothing',
    line: 'POST /containers/STOPPED/rename?name=',
    expected: [
      [500, 'usage: docker rename OLD_NAME NEW_NAME'],
      [500, 'Neither old nor new names may be empty'],
      [500, 'Neither old nor new names may be empty'],
      [400, 'Neither old nor new names may be empty'],
    ],
  },
  {
    what: 'rename to a bad name',
    line: 'POST /containers/STOPPED/rename?name=a%20b',
    expected: since125(`Error when allocating new name: Invalid container name (a b), ${nameRule}`),
  },
  {
    what: 'removal of what runs',
    line: 'DELETE /containers/RUNNING',
    expected: [
      [406, 'Impossible to remove a running container, please stop it first or use -f'],
      [
        409,
        'Conflict, You cannot remove a running container. Stop the container before attempting removal or use -f',
      ],
      [
        409,
        'You cannot remove a running container RUNNING. Stop the container before attempting removal or use -f',
      ],
      [409, /^cannot remove container .*: container is running: stop the container before removing or force/],
    ],
  },
  {
    what: 'pause of what does not run',
    line: 'POST /containers/STOPPED/pause',
    expected: [
      [500, 'Cannot pause container STOPPED: Container STOPPED is not running'],
      [500, 'Cannot pause container STOPPED: Container STOPPED is not running'],
      [500, 'Cannot pause container STOPPED: Container STOPPED is not running'],
      [409, 'container STOPPED is not running'],
    ],
  },
];

const queries: readonly Bad[] = [
  { what: 'filters that are no JSON', line: 'GET /containers/json?filters=nope', expected: since124(/./) },
  {
    what: 'filters of the wrong type',
    line: `GET /containers/json?filters=${filters({ status: 5 })}`,
    expected: since124(/./),
  },
  {
    what: 'a state that is none',
    line: `GET /containers/json?all=1&filters=${filters({ status: ['odd'] })}`,
    expected: [
      [500, 'Unrecognised filter value for status'],
      [500, 'Unrecognised filter value for status'],
      [500, 'Unrecognised filter value for status: odd'],
      [
        400,
        "invalid filter 'status=odd': invalid value for state (odd): must be one of created, running, paused, restarting, removing, exited, dead",
      ],
    ],
  },
  {
    what: 'a filter for images that is none',
    line: `GET /images/json?filters=${filters({ odd: ['x'] })}`,
    expected: [
      [200, /^\[/],
      [500, "Invalid filter 'odd'"],
      [500, "Invalid filter 'odd'"],
      [400, "invalid filter 'odd'"],
    ],
  },
  {
    what: 'a limit that is no number',
    line: 'GET /containers/json?limit=x',
    expected: [
      [200, /^\[/],
      [500, 'strconv.ParseInt: parsing "x": invalid syntax'],
      [400, 'strconv.ParseInt: parsing "x": invalid syntax'],
      [400, 'strconv.Atoi: parsing "x": invalid syntax'],
    ],
  },
  {
    what: 'logs of no stream',
    line: 'GET /containers/RUNNING/logs',
    expected: [
      [200, 'Error: You must choose at least one stream'],
      [400, 'Bad parameters: you must choose at least one stream'],
      [400, 'Bad parameters: you must choose at least one stream'],
      [400, "must specify at least one of 'stdout' or 'stderr'"],
    ],
  },
];

const isOne = (expected: Expected): expected is Told => typeof expected[0] === 'number';

/** The words of an answer: plain text below 1.24, a member of an object from there. */
function wordsOf(answer: Answer, version: string | undefined): string {
  if (answer.status < 400) return answer.text.trimEnd();
  const json = version === undefined || version === '1.24';
  assert.equal(answer.headers['content-type'], json ? 'application/json' : 'text/plain; charset=utf-8');
  return json ? answer.json<{ message: string }>().message : answer.text.replace(/\n$/, '');
}

const insert = (line: string): string => line.replace('RUNNING', running).replace('STOPPED', stopped);
const named = (words: string): string => words.replaceAll(running, 'RUNNING').replaceAll(stopped, 'STOPPED');

for (const { what, line, body, headers, expected } of [
  ...bodies,
  ...names,
  ...creations,
  ...verbs,
  ...queries,
])
  for (const [index, version] of versions.entries())
    test(`${what}, in the words of ${version ?? 'no version'}`, async () => {
      const [method = '', path = ''] = insert(line).split(' ');
      const ask = { ...(body !== undefined && { body }), ...(headers && { headers }) };
      const answer = await gantry.api(version).request(method, path, ask);
      const [status, words] = isOne(expected) ? expected : (expected[index] ?? assert.fail());
      const said = named(wordsOf(answer, version));
      assert.deepEqual([answer.status, said], [status, typeof words === 'string' ? words : said]);
      if (typeof words !== 'string') assert.match(said, words);
    });

for (const [command, code, reason] of [
  ['nope', 127, 'executable file not found in $PATH'],
  ['/nope', 127, '.*'],
  ['/etc', 126, 'permission denied'],
  ['/etc/passwd', 126, 'permission denied'],
] as const)
  for (const [version, status, before] of [
    ['1.12', 500, 'Cannot start container ID: '],
    ['1.21', command === 'nope' || command === '/nope' ? 404 : 500, 'Cannot start container ID: '],
    ['1.24', 500, ''],
    [undefined, 400, ''],
  ] as const)
    test(`starting ${command} in the words of ${version ?? 'no version'} is ${status}, and its exit code ${code}`, async () => {
      const id = await create({ Cmd: [command] });
      const answer = await gantry.api(version).post(`/containers/${id}/start`);
      const said = wordsOf(answer, version).replaceAll(id, 'ID');
      assert.equal(answer.status, status, said);
      assert.match(said, new RegExp(`^${before}.*${reason.replace('$', '\\$')}`));
      const { State } = (await newest.get(`/containers/${id}/json`)).json<{
        State: { ExitCode: number; Running: boolean };
      }>();
      assert.deepEqual([State.ExitCode, State.Running], [code, false]);
    });

test('a start with a bad bind or half a body changes nothing', async () => {
  const id = await create({ HostConfig: { Binds: ['/etc:/b'] } });
  const api = gantry.api('1.12');
  const bind = await api.post(`/containers/${id}/start`, { Binds: ['/a:b'] });
  assert.deepEqual(
    [bind.status, bind.text],
    [500, `Cannot start container ${id}: Invalid volume specification: /a:b\n`],
  );
  const half = await api.post(`/containers/${id}/start`, '{');
  assert.deepEqual([half.status, half.text], [500, 'unexpected EOF\n']);
  const told = (await newest.get(`/containers/${id}/json`)).json<{
    HostConfig: { Binds: string[] };
    State: { Status: string };
  }>();
  assert.deepEqual([told.HostConfig.Binds, told.State.Status], [['/etc:/b'], 'created']);
});

/** Writes bytes, ends the connection's sending side, and gives what came back until the engine closes. */
async function sayRaw(bytes: string): Promise<string> {
  const socket = newest.connect();
  try {
    socket.end(bytes, 'latin1');
    let said = '';
    for await (const chunk of socket.setEncoding('latin1')) said += chunk;
    return said;
  } finally {
    socket.destroy();
  }
}

const HEAD = 'POST /containers/create HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n';
for (const [what, bytes, answered] of [
  ['bytes that are no HTTP', '\x16\x03\x01\x02\x00 hello\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['half a head', 'GET /_ping HT', /^(HTTP\/1\.1 400 |$)/],
  [
    'a body shorter than its length',
    `${HEAD}Content-Length: 100\r\n\r\n{"Image":"busybox"`,
    /^(HTTP\/1\.1 400 |$)/,
  ],
  ['a length that is none', `${HEAD}Content-Length: -5\r\n\r\n{}`, /^HTTP\/1\.1 400 /],
  ['chunks of no length', `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`, /^HTTP\/1\.1 400 /],
  [
    'a path with half an escape',
    'GET /containers/%/json HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n',
    /^HTTP\/1\.1 400 /,
  ],
] as const)
  test(`${what}: refused, and nothing is made of it`, async () => {
    const before = (await newest.get('/containers/json?all=1')).json<unknown[]>().length;
    assert.match(await sayRaw(bytes), answered);
    assert.equal((await newest.get('/containers/json?all=1')).json<unknown[]>().length, before);
  });

test('after all of it the engine answers, still runs what ran, and runs something new', async () => {
  assert.equal((await newest.get('/_ping')).text, 'OK');
  const still = (await newest.get(`/containers/${running}/json`)).json<{ State: { Running: boolean } }>();
  assert.equal(still.State.Running, true);
  const id = await create({ Cmd: ['sh', '-c', 'exit 7'] });
  assert.equal((await newest.post(`/containers/${id}/start`)).status, 204);
  assert.equal((await newest.post(`/containers/${id}/wait`)).json<{ StatusCode: number }>().StatusCode, 7);
  assert.doesNotMatch(gantry.log(), /TypeError|ReferenceError|unhandled/i);
});
