/** What requests say: JSON, bodies of every operation in every version, queries, filters, credentials. */
import assert from 'node:assert/strict';
import { contract, type OperationName, operationOf } from '../../../src/api/contract/index.ts';
import { filters } from '../../../src/api/contract/query.ts';
import { type Doc, dialectOf, minorOf, newestDialect } from '../../../src/api/versions/index.ts';
import { decodeBody, isObject } from '../../../src/base/schema.ts';
import { settle } from '../../../src/engine/containers/settle/settle.ts';
import { facts } from '../../../src/engine/containers/settle/test-facts.ts';
import { textsFound, textsFoundBy } from '../../../src/engine/expressions.ts';
import { checkFilterNames, labelFilter, untilFilter } from '../../../src/engine/filters.ts';
import { readAuthBody, readAuthHeader, readConfigHeader } from '../../../src/formats/credentials.ts';
import { readJson, writeJson } from '../../../src/formats/json.ts';
import type { CreateRequest } from '../../../src/model/container.ts';
import { type Fuzzer, inputs, unlessRefused, unlessRefusedLater } from '../fuzzer.ts';

const JSON_WORDS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  'null',
  'true',
  '1',
  '-1',
  '1e400',
  '"a"',
  '{"":',
  '\\u0000',
  '\\ud800',
];

const create = {
  Hostname: 'h',
  User: '1:2',
  Env: ['A=b'],
  Cmd: ['x'],
  Entrypoint: 'e',
  Image: 'i',
  Labels: { a: 'b' },
  ExposedPorts: { '80/tcp': {}, '90-92/udp': {} },
  Volumes: { '/v': {} },
  StopSignal: 'TERM',
  Healthcheck: { Test: ['CMD', 'x'], Interval: 1_000_000_000 },
  HostConfig: {
    Binds: ['/a:/b:ro,z'],
    Memory: 1 << 30,
    NanoCpus: 5e8,
    CpusetCpus: '0-1',
    PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080-8090' }] },
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
    LogConfig: { Type: 'local', Config: { 'max-size': '1m' } },
    Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' }],
    Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1, Options: [['exec']] } }],
    Tmpfs: { '/x': 'size=64m,mode=1777' },
    Sysctls: { 'net.ipv4.ip_forward': '1' },
    ExtraHosts: ['h:1.2.3.4'],
    Dns: ['1.1.1.1'],
    CapAdd: ['NET_ADMIN'],
    SecurityOpt: ['no-new-privileges'],
    NetworkMode: 'container:abc',
    PidMode: 'host',
    UsernsMode: '',
    BlkioWeightDevice: [{ Path: '/dev/sda', Weight: 100 }],
  },
  NetworkingConfig: { EndpointsConfig: { a: { IPAMConfig: { IPv4Address: '10.0.0.9' }, Aliases: ['x'] } } },
};

const isNoJson = (error: unknown): boolean => error instanceof SyntaxError;

const json: Fuzzer = {
  name: 'JSON',
  samples: inputs(JSON.stringify(create), '[1,2.5e3,"a\\u00e9\\n",null,true,{}]', ' "x" '),
  words: JSON_WORDS,
  check(input) {
    const text = input.toString('utf8');
    const value = unlessRefused(() => ({ is: readJson(text) }), isNoJson);
    let plain: { is: unknown } | undefined;
    try {
      plain = { is: JSON.parse(text) };
    } catch {
      // no JSON
    }
    assert.deepEqual(value, plain, 'as JSON.parse reads it');
    if (value) assert.equal(writeJson(value.is), JSON.stringify(plain?.is));
    return value !== undefined;
  },
};

const WITH_BODY = (Object.keys(contract) as OperationName[]).filter(
  (name) => operationOf(name).body.kind === 'json',
);
const DIALECTS = Array.from({ length: minorOf(newestDialect().version) + 1 }, (_, minor) =>
  dialectOf(`1.${minor}`),
);

const BODY_WORDS = [
  ...JSON_WORDS,
  ...Object.keys(create).map((name) => `"${name}":`),
  ...Object.keys(create.HostConfig).map((name) => `"${name}":`),
  ...[
    '"Name":',
    '"Driver":',
    '"IPAM":',
    '"Config":',
    '"Subnet":"10.0.0.0/8"',
    '"__proto__":',
    '"hostconfig":{}',
    '"Id":',
  ],
];

const firstBytes = (first: string, texts: readonly string[]): Buffer[] =>
  texts.map((text) => Buffer.from(`${first}${text}`, 'latin1'));

/** The first two bytes say which operation and which version; the rest is its body. */
const bodies: Fuzzer = {
  name: 'bodies of JSON',
  samples: firstBytes(String.fromCharCode(WITH_BODY.indexOf('containerCreate'), DIALECTS.length - 1), [
    JSON.stringify(create),
    '{"Image":"a"}',
  ]).concat(
    firstBytes(String.fromCharCode(WITH_BODY.indexOf('networkCreate'), 44), [
      '{"Name":"n","IPAM":{"Driver":"default","Config":[{"Subnet":"10.1.0.0/16","AuxiliaryAddresses":{"a":"10.1.0.9"}}]},"Options":{"a":"b"}}',
    ]),
  ),
  words: BODY_WORDS,
  check(input) {
    const operation = operationOf(WITH_BODY[(input[0] ?? 0) % WITH_BODY.length] ?? 'containerCreate');
    const dialect = DIALECTS[(input[1] ?? 0) % DIALECTS.length];
    const { body, route } = operation;
    assert.ok(dialect && body.kind === 'json');
    const said = unlessRefused(() => ({ is: readJson(input.toString('utf8', 2)) }), isNoJson);
    if (said === undefined) return false;
    const read = unlessRefused(() => {
      const doc: Doc = { query: {}, params: { id: 'a', name: 'a' }, body: said.is };
      dialect.request(route, doc);
      return { is: decodeBody(body.schema, doc.body) };
    });
    if (read === undefined) return false;
    assert.deepEqual(decodeBody(body.schema, read.is), read.is, 'what was decoded decodes to itself');
    if (String(route) === 'POST /containers/create' && isObject(read.is))
      unlessRefused(() => settle('a'.repeat(64), read.is as CreateRequest, {}, facts));
    return true;
  },
};

const OPERATIONS = (Object.keys(contract) as OperationName[]).map(operationOf);

/** The first two bytes say which operation and which version; the rest is its query. */
const queries: Fuzzer = {
  name: 'queries',
  samples: [0, 20, 40, 60].flatMap((first) =>
    firstBytes(String.fromCharCode(first, 41), [
      'all=1&limit=3',
      'since=1.5&tail=7&t=3&h=20&w=9&signal=TERM',
    ]),
  ),
  words: [
    '=',
    '&',
    'all',
    'limit',
    'tail',
    't',
    'since',
    'until',
    'filters',
    '%7b%7d',
    '1e9',
    '-1',
    '%00',
    'h',
    'w',
    'size',
    '%',
    '+',
  ],
  check(input) {
    const operation = OPERATIONS[(input[0] ?? 0) % OPERATIONS.length];
    const dialect = DIALECTS[(input[1] ?? 0) % DIALECTS.length];
    assert.ok(operation && dialect);
    const said = Object.fromEntries(new URLSearchParams(input.toString('latin1', 2)));
    const read = unlessRefused(() => {
      const doc: Doc = {
        query: { ...said, h: said.h ?? '1', w: said.w ?? '1' },
        params: { id: 'a', name: 'a' },
        body: {},
      };
      dialect.request(operation.route, doc);
      const query = doc.query as Record<string, string>;
      return Object.entries(operation.query).map(([name, parameter]) => parameter.read(query[name], name));
    });
    for (const value of read ?? []) assert.ok(typeof value !== 'number' || Number.isFinite(value));
    return read !== undefined;
  },
};

const LABELS = { a: 'b', 'com.example.x': '', __proto__: 'c' };

const filterTexts: Fuzzer = {
  name: 'filters',
  samples: inputs(
    '{"label":["a=b"],"label!":["c"]}',
    '{"label":{"a":true},"until":["10m"]}',
    '{"until":{"2026-01-02T03:04:05Z":true}}',
    'null',
  ),
  words: [
    ...JSON_WORDS,
    '"label"',
    '"until"',
    '"dangling"',
    '["true"]',
    '{"a":true}',
    '"__proto__":',
    '"10m"',
    '"-1h1h"',
    '"1.5"',
  ],
  check(input) {
    const parameter = filters();
    const read = unlessRefused(() => {
      const given = parameter.read(input.toString('utf8'), 'filters');
      labelFilter(given)(LABELS);
      checkFilterNames(given, ['label', 'label!', 'until', 'dangling']);
      assert.ok((untilFilter(given, 10n ** 18n) ?? 0n) < 1n << 80n);
      return given;
    });
    return read !== undefined;
  },
};

const TEXTS = ['web', 'a'.repeat(60), 'x\ny', ''];

const expressions: Fuzzer = {
  name: 'expressions',
  samples: inputs('^web[0-9]+$', '(a|aa)+$', 'a{2,5}b?', '(?i)\\bx\\pL'),
  words: [
    '(',
    ')',
    '*',
    '+',
    '?',
    '|',
    '[',
    ']',
    '{1,1000}',
    '\\',
    '^',
    '$',
    '.',
    '(?:',
    '(?P<n>',
    '[[:alpha:]]',
    '\\Q',
    '\\pL',
    'a',
  ],
  quickRuns: 200,
  async check(input) {
    const source = input.toString('utf8').slice(0, 8192);
    const found = await unlessRefusedLater(() => textsFoundBy(source, TEXTS));
    const named = await unlessRefusedLater(() => textsFound(TEXTS, [source]));
    for (const text of found ?? []) assert.ok(named?.has(text));
    return found !== undefined;
  },
};

const login = { username: 'u', password: 'p', serveraddress: 'h:5000', identitytoken: '' };
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

const credentials: Fuzzer = {
  name: 'credentials',
  samples: inputs(
    encoded(login),
    encoded({ auth: encoded('u:p') }),
    JSON.stringify(login),
    encoded({ configs: { h: login } }),
  ),
  words: [
    ...JSON_WORDS,
    '"username"',
    '"password"',
    '"auth"',
    '"identitytoken"',
    '\r\n',
    '=',
    '-_',
    'e30=',
    'eyJhdXRoIjoi',
  ],
  check(input) {
    const text = input.toString('latin1');
    const given = [
      unlessRefused(() => ({ is: readAuthHeader(text) })),
      unlessRefused(() => ({ is: readAuthBody(input) })),
      unlessRefused(() => ({ is: [...readConfigHeader(text).values()] })),
    ];
    for (const each of given)
      assert.doesNotMatch(JSON.stringify(each ?? ''), /\\[rn]/, 'no line of a head is forged');
    return given.some((each) => each !== undefined);
  },
};

export const REQUESTS: readonly Fuzzer[] = [json, bodies, queries, filterTexts, expressions, credentials];
