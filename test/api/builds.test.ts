/** Builds over the wire, in the words of each version: parameters, credentials, forms, what is told of how it goes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildOptions } from '../../src/engine/index.ts';
import { type Ask, linesOf, post, type Served, serve, until } from './serve.ts';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const json = (value: unknown): string => encodeURIComponent(JSON.stringify(value));

/** What the engine was asked to build. */
async function asked(served: Served, url: string, more: Ask = {}): Promise<BuildOptions> {
  const { status, text } = await post(served.path, url, { body: 'tar', ...more });
  assert.equal(status, 200, text);
  assert.equal(served.calls.at(-1)?.[0], 'build');
  return served.calls.at(-1)?.[1] as BuildOptions;
}

const all = [
  ...['dockerfile=a/D', 't=x', 't=', 't=y:1', 'extrahosts=h:1.2.3.4', 'q=1', 'nocache=1', 'pull=1', 'rm=0'],
  ...['forcerm=1', 'memory=7000000', 'memswap=-1', 'cpushares=5', 'cpusetcpus=0', 'cpusetmems=0'],
  ...['cpuperiod=1000', 'cpuquota=2000', 'cgroupparent=/p', 'shmsize=65536', 'squash=1', 'networkmode=none'],
  ...[
    'platform=linux/arm64',
    'target=last',
    'buildid=b1',
    'version=1',
    'session=s',
    'outputs=[]',
    'isolation=default',
  ],
  `cachefrom=${json(['c'])}`,
  `buildargs=${json({ A: '1', B: null, constructor: 'x' })}`,
  `labels=${json({ l: 'v' })}`,
  `ulimits=${json([{ Name: 'nofile', Soft: 1, Hard: 2 }])}`,
].join('&');

test('all that a build may say reaches the engine', async () => {
  await using served = await serve();
  const { source, ...options } = await asked(served, `/build?${all}`);
  assert.equal(source.is, 'archive');
  assert.deepEqual(options, {
    dockerfile: 'a/D',
    tags: ['x', 'y:1'],
    tells: 'idAlone',
    noCache: true,
    pull: true,
    remove: true,
    forceRemove: true,
    squash: true,
    buildArgs: new Map([
      ['A', '1'],
      ['B', null],
      ['constructor', 'x'],
    ]),
    labels: { l: 'v' },
    cacheFrom: ['c'],
    target: 'last',
    platform: 'linux/arm64',
    hostConfig: {
      Memory: 7000000,
      MemorySwap: -1,
      CpuShares: 5,
      CpuPeriod: 1000,
      CpuQuota: 2000,
      CpusetCpus: '0',
      CpusetMems: '0',
      CgroupParent: '/p',
      ShmSize: 65536,
      Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
      ExtraHosts: ['h:1.2.3.4'],
      NetworkMode: 'none',
    },
    credentials: new Map(),
    id: 'b1',
  });
});

/** What an option was before a version brought it. */
const before: readonly (readonly [
  minor: number,
  (options: BuildOptions) => unknown,
  older: unknown,
  newer: unknown,
])[] = [
  [3, ({ tells }) => tells, 'all', 'withoutOutput'],
  [22, ({ tells }) => tells, 'withoutOutput', 'idAlone'],
  [4, ({ noCache }) => noCache, false, true],
  [12, ({ forceRemove }) => forceRemove, false, true],
  [16, ({ pull }) => pull, false, true],
  [17, ({ dockerfile }) => dockerfile, undefined, 'a/D'],
  [18, ({ hostConfig }) => hostConfig.Memory, undefined, 7000000],
  [18, ({ hostConfig }) => hostConfig.CpusetCpus, undefined, '0'],
  [19, ({ hostConfig }) => hostConfig.CpuPeriod, undefined, 1000],
  [19, ({ hostConfig }) => hostConfig.CgroupParent, undefined, '/p'],
  [20, ({ hostConfig }) => hostConfig.Ulimits?.length, undefined, 1],
  [21, ({ buildArgs }) => buildArgs.size, 0, 3],
  [22, ({ hostConfig }) => hostConfig.ShmSize, undefined, 65536],
  [22, ({ tags }) => tags.length, 1, 2],
  [23, ({ labels }) => labels.l, undefined, 'v'],
  [25, ({ cacheFrom }) => cacheFrom.length, 0, 1],
  [25, ({ squash }) => squash, false, true],
  [25, ({ hostConfig }) => hostConfig.NetworkMode, undefined, 'none'],
  [28, ({ hostConfig }) => hostConfig.ExtraHosts?.length, undefined, 1],
  [29, ({ target }) => target, undefined, 'last'],
  [32, ({ platform }) => platform, undefined, 'linux/arm64'],
  [38, ({ id }) => id, undefined, 'b1'],
];

test('an option does nothing below the version that brought it', async () => {
  await using served = await serve();
  for (const [minor, read, older, newer] of before) {
    assert.deepEqual(
      read(await asked(served, `/v1.${minor - 1}/build?${all}`)),
      older,
      `${read} 1.${minor - 1}`,
    );
    assert.deepEqual(read(await asked(served, `/v1.${minor}/build?${all}`)), newer, `${read} 1.${minor}`);
  }
});

test('containers of steps go from 1.12 on, below when the client says so, and below 1.5 never', async () => {
  await using served = await serve();
  for (const [url, remove] of [
    ['/build', true],
    ['/v1.12/build?rm=0', false],
    ['/v1.12/build?rm=0&forcerm=1', true],
    ['/v1.11/build', false],
    ['/v1.11/build?forcerm=1', false],
    ['/v1.5/build?rm=1', true],
    ['/v1.4/build?rm=1', false],
  ] as const)
    assert.equal((await asked(served, url)).remove, remove, url);
});

test('numbers that cannot be read are as good as not said, but the size of /dev/shm', async () => {
  await using served = await serve();
  assert.deepEqual((await asked(served, '/build?memory=x&cpuquota=1.5&memswap=')).hostConfig, {});
  assert.equal((await post(served.path, '/build?shmsize=x')).status, 400);
});

for (const [query, words] of [
  ['version=2&squash=1', /^squash is not supported by BuildKit/],
  ['version=2&networkmode=bridge', 'network mode "bridge" not supported by buildkit'],
  [`version=2&outputs=${json([{}, {}])}`, 'multiple outputs not supported'],
  ['version=3', 'invalid version "3"'],
  ['remote=client-session', /^a context by client-session needs BuildKit/],
  [`outputs=${json([{ Type: 'local' }])}`, /^an output needs BuildKit/],
  ['outputs=%7B', 'invalid outputs specified: unexpected end of JSON input'],
  ['securityopt=x', 'security options are not supported on linux'],
  ['isolation=hyperv', 'unsupported isolation: "hyperv"'],
  [
    'buildargs=%5B%5D',
    /^error reading build args: json: cannot unmarshal array into Go value of type map\[string\]/,
  ],
  [
    `labels=${json({ l: null, m: 1 })}`,
    /^error reading labels: json: cannot unmarshal number into Go value of type string/,
  ],
  ['cachefrom=c', /^error reading cache-from: invalid character 'c' looking for beginning of value/],
  ['ulimits=%7B%7D', /^error reading ulimit settings: json: cannot unmarshal object into Go value of type/],
] as const)
  test(`POST /build?${query} is refused`, async () => {
    await using served = await serve();
    const { status, text } = await post(served.path, `/build?${query}`, { body: 'tar' });
    assert.equal(status, 400);
    const { message } = JSON.parse(text) as { message: string };
    if (typeof words === 'string') assert.equal(message, words);
    else assert.match(message, words);
    assert.deepEqual(served.calls, []);
  });

const login = { username: 'u', password: 'p' };
const known = { is: 'password', ...login };

for (const [what, version, headers, credentials] of [
  [
    'a map from 1.19',
    '1.19',
    { 'X-Registry-Config': encode({ 'r:5000': login, empty: {} }) },
    { 'r:5000': known },
  ],
  ['configs before', '1.18', { 'X-Registry-Config': encode({ configs: { r: login } }) }, { r: known }],
  ['either form anywhere', '1.9', { 'X-Registry-Config': encode({ r: login }) }, { r: known }],
  ['configs today', '1.55', { 'X-Registry-Config': encode({ configs: { r: login } }) }, { r: known }],
  [
    'a registry of that name',
    '1.55',
    { 'X-Registry-Config': encode({ configs: login }) },
    { configs: known },
  ],
  ['nonsense', '1.55', { 'X-Registry-Config': '%%%' }, {}],
  ['one login from 1.9', '1.9', { 'X-Registry-Auth': encode(login) }, {}],
  ['one login before', '1.8', { 'X-Registry-Auth': encode(login) }, { '': known }],
  ['nonsense before', '1.8', { 'X-Registry-Auth': 'e30x' }, {}],
] as const)
  test(`credentials of a build: ${what}`, async () => {
    await using served = await serve();
    const asks = await asked(served, `/v${version}/build`, { headers });
    assert.deepEqual(Object.fromEntries(asks.credentials), credentials);
  });

test('below 1.2 the login that the engine kept is the build’s', async () => {
  await using served = await serve();
  await post(served.path, '/v1.1/auth', { body: { ...login, email: 'e', serveraddress: 'r' } });
  const { credentials } = await asked(served, '/v1.1/build');
  assert.deepEqual([...credentials], [['r', known]]);
});

const form = (...parts: readonly (readonly [string, string])[]): Ask => ({
  body: Buffer.from(
    `${parts.map(([name, text]) => `--b\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\n\r\n${text}\r\n`).join('')}--b--\r\n`,
  ),
  headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
});
const dockerfile = ['Dockerfile', 'FROM a'] as const;

for (const [what, parts, told] of [
  ['context first, as clients sent it', [['Context', 'an archive'], dockerfile], '10 bytes, FROM a\n'],
  ['Dockerfile first', [dockerfile, ['Context', 'an archive']], '10 bytes, FROM a\n'],
  ['a Dockerfile alone', [dockerfile], '0 bytes, FROM a\n'],
] as const)
  test(`below 1.3 a build comes as a form: ${what}`, async () => {
    await using served = await serve();
    for (const version of ['1.1', '1.2']) {
      const { status, text } = await post(served.path, `/v${version}/build?t=x`, form(...parts));
      assert.deepEqual([status, text.startsWith(told)], [200, true], text);
    }
  });

test('a form without a Dockerfile is refused, and from 1.3 a form is no form', async () => {
  await using served = await serve();
  const { status, text } = await post(served.path, '/v1.2/build', form(['Context', 'an archive']));
  assert.deepEqual([status, text], [500, 'invalid form: it has no part Dockerfile\n']);
  const body = form(dockerfile).body as Buffer;
  const { text: told } = await post(served.path, '/v1.3/build', form(dockerfile));
  assert.ok(told.startsWith(`${body.length} bytes\n`), told);
});

test('an address takes the body’s place from 1.2', async () => {
  await using served = await serve();
  const remote = encodeURIComponent('https://h/x.git#b:d');
  const { source } = await asked(served, `/v1.2/build?remote=${remote}`, { body: '' });
  assert.deepEqual(source, { is: 'remote', address: 'https://h/x.git#b:d' });
  assert.equal((await asked(served, `/v1.1/build?remote=${remote}`)).source.is, 'archive');
});

test('from 1.8 progress is JSON, with the image’s id from 1.30', async () => {
  await using served = await serve();
  const at = async (version: string) => {
    const { headers, text } = await post(served.path, `/v${version}/build`, { body: 'tar' });
    assert.equal(headers['content-type'], 'application/json');
    return linesOf(text);
  };
  const [bytes, bar, aux, end] = await at('1.30');
  assert.deepEqual(bytes, { stream: '3 bytes\n' });
  assert.deepEqual(bar?.progressDetail, { current: 50, total: 100 });
  assert.deepEqual(Object.keys(aux ?? {}), ['aux']);
  assert.deepEqual(await at('1.29'), [bytes, bar, end]);
  assert.deepEqual(await at('1.8'), [bytes, bar, end]);
});

test('below 1.8 progress is text', async () => {
  await using served = await serve();
  const { headers, text } = await post(served.path, '/v1.7/build', { body: 'tar' });
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
  assert.match(text, /^3 bytes\nDownloading \[=+> +\] .*50 B\/100 B\rSuccessfully built\n$/);
});

for (const [version, failed] of [
  ['1.55', "The command '/bin/sh -c exit 3' returned a non-zero code: 3"],
  ['1.29', "The command '/bin/sh -c exit 3' returned a non-zero code: 3"],
  ['1.18', 'The command [/bin/sh -c exit 3] returned a non-zero code: 3'],
  ['1.8', 'The command [/bin/sh -c exit 3] returned a non-zero code: 3'],
] as const)
  test(`a failed command at v${version}`, async () => {
    await using served = await serve();
    served.failingBuilds = true;
    const { status, text } = await post(served.path, `/v${version}/build`, { body: 'tar' });
    assert.equal(status, 200);
    assert.deepEqual(linesOf(text).at(-1), { error: failed, errorDetail: { code: 3, message: failed } });
  });

test('a failed command below 1.8 is a line of text', async () => {
  await using served = await serve();
  served.failingBuilds = true;
  const { text } = await post(served.path, '/v1.7/build', { body: 'tar' });
  assert.match(text, /\rError build: The command \[\/bin\/sh -c exit 3\] returned a non-zero code: 3\n$/);
});

test('a build outlives its client below 1.18 only', async () => {
  await using served = await serve();
  for (const version of ['1.17', '1.18']) await post(served.path, `/v${version}/build`, { body: 'tar' });
  await until(() => served.signals[1]?.aborted === true);
  assert.deepEqual(
    served.signals.map((signal) => signal.aborted),
    [false, true],
  );
});

test('a build is cancelled by its id', async () => {
  await using served = await serve();
  assert.equal((await post(served.path, '/build/cancel?id=b1')).status, 200);
  assert.deepEqual(served.calls, [['buildCancel', 'b1']]);
  const { status, text } = await post(served.path, '/build/cancel');
  assert.deepEqual([status, text], [400, '{"message":"build ID not provided"}\n']);
});

test('a prune says how much may stay, in the words of its version', async () => {
  await using served = await serve();
  const nothing = { keepBytes: undefined, maxUsedBytes: undefined, minFreeBytes: undefined };
  for (const [url, kept] of [
    ['/build/prune?keep-storage=5&reserved-space=0&all=1', { all: true, keepBytes: 5 }],
    ['/build/prune?keep-storage=5&reserved-space=6', { keepBytes: 6 }],
    ['/build/prune?max-used-space=7&min-free-space=8', { maxUsedBytes: 7, minFreeBytes: 8 }],
    ['/v1.47/build/prune?keep-storage=5&reserved-space=6&max-used-space=7', { keepBytes: 5 }],
    ['/v1.38/build/prune?keep-storage=5&all=1', {}],
  ] as const) {
    assert.equal((await post(served.path, url)).status, 200);
    assert.deepEqual(
      served.calls.at(-1),
      ['buildPrune', new Map(), { all: false, ...nothing, ...kept }],
      url,
    );
  }
  const { status, text } = await post(served.path, '/build/prune?keep-storage=1GB');
  assert.equal(status, 400);
  assert.match(
    text,
    /keep-storage is in bytes and expects an integer, got 1GB: strconv.Atoi: parsing \\"1GB\\": invalid syntax/,
  );
});
