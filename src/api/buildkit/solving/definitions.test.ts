/** Graphs of one source are understood, and only those. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { FileAction, FileCopy, Op, SourceOp } from '../messages/common.ts';
import { definitionOf, inputIn } from './definitions.ts';

/** What a graph that says nothing of it has. */
const CLOSED = { header: '', token: '', agent: 'default', knownHosts: undefined };

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function graphOf(identifier: string, attrs: Readonly<Record<string, string>> = {}) {
  const source = Op.encode({
    source: SourceOp.create({ identifier, attrs: new Map(Object.entries(attrs)) }),
  });
  return {
    def: [source, Op.encode({ inputs: [{ digest: digestOf(source), index: 0 }] })],
    metadata: new Map(),
  };
}

test('a graph of ours names its result, and each of its operations has metadata', () => {
  const graph = definitionOf('abc');
  assert.deepEqual(inputIn(graph), { is: 'solved', token: 'abc' });
  assert.deepEqual([...graph.metadata.keys()], graph.def.map(digestOf));
  const [source, last] = graph.def.map((each) => Op.decode(each));
  assert.equal(source?.inputs.length, 0);
  assert.deepEqual(last?.inputs, [{ digest: digestOf(graph.def[0] ?? Buffer.alloc(0)), index: 0 }]);
});

for (const [identifier, attrs, input] of [
  ['local://context', {}, { is: 'client', name: 'context' }],
  ['docker-image://docker.io/library/x:1', {}, { is: 'image', name: 'docker.io/library/x:1' }],
  [
    `oci-layout://docker.io/library/x@sha256:${'0'.repeat(64)}`,
    { 'oci.store': 'store' },
    { is: 'layout', store: 'store', digest: `sha256:${'0'.repeat(64)}` },
  ],
  ['https://host/x.tar.gz', {}, { is: 'remote', address: 'https://host/x.tar.gz' }],
  [
    'git://host/r.git#main:sub',
    { 'git.fullurl': 'https://host/r.git', 'git.keepgitdir': 'true' },
    { is: 'remote', address: 'https://host/r.git#main:sub', keepGitDir: true, opens: CLOSED },
  ],
  ['git://host/r.git', {}, { is: 'remote', address: 'git://host/r.git', opens: CLOSED }],
  [
    'git://host/r',
    {
      'git.fullurl': 'ssh://git@host/r',
      'git.authheadersecret': 'H',
      'git.authtokensecret': 'T',
      'git.mountsshsock': 'mine',
      'git.knownsshhosts': 'host ssh-ed25519 AAAA',
    },
    {
      is: 'remote',
      address: 'ssh://git@host/r',
      opens: { header: 'H', token: 'T', agent: 'mine', knownHosts: 'host ssh-ed25519 AAAA' },
    },
  ],
] as const)
  test(`a graph of ${identifier} is that source`, () => {
    assert.deepEqual(inputIn(graphOf(identifier, attrs)), input);
  });

const NO_COPY = { src: '/sub', dest: '/', mode: -1, timestamp: -1, contents: true } as const;

/** What is copied out of a repository. */
function copyOf(
  copy: Readonly<Record<string, unknown>>,
  { identifier = 'git://host/r.git', input = -1, secondary = 0, custom = '' } = {},
) {
  const [source = Buffer.alloc(0)] = graphOf(identifier).def;
  const action = FileAction.create({ input, secondary, copy: FileCopy.create({ ...NO_COPY, ...copy }) });
  const inputs = [{ digest: digestOf(source), index: 0 }];
  const file = Op.encode({ inputs, file: { actions: [action] } });
  const last = Op.encode({ inputs: [{ digest: digestOf(file), index: 0 }] });
  const description = new Map(custom === '' ? [] : [['llb.customname', custom]]);
  return {
    def: [source, file, last],
    metadata: new Map([[digestOf(file), { ignoreCache: false, description }]]),
  };
}

test('a graph of a copy out of a repository is that part of it', () => {
  const of = { is: 'remote', address: 'git://host/r.git', opens: CLOSED };
  const part = { is: 'part', of, path: '/sub', contents: true, name: 'copy /sub /' };
  assert.deepEqual(inputIn(copyOf({})), part);
  assert.deepEqual(inputIn(copyOf({ contents: false }, { custom: 'set context to sub' })), {
    ...{ ...part, contents: false, name: 'set context to sub' },
  });
});

test('a graph of any other copy is refused', () => {
  for (const copy of [
    { dest: '/x' },
    { mode: 0o644 },
    { modeText: 'u+x' },
    { timestamp: 0 },
    { owner: Buffer.from([1]) },
    { unpack: true },
    { wildcard: true },
    { followsLink: true },
    { include: ['a'] },
    { exclude: ['a'] },
  ])
    assert.throws(() => inputIn(copyOf(copy)), /LLB/, JSON.stringify(copy));
  for (const around of [
    { identifier: 'local://context' },
    { identifier: 'https://host/r.git' },
    { input: 0 },
    { secondary: 1 },
  ])
    assert.throws(() => inputIn(copyOf({}, around)), /LLB/, JSON.stringify(around));
  const { def, metadata } = copyOf({});
  const [source = Buffer.alloc(0), file = Buffer.alloc(0), last = Buffer.alloc(0)] = def;
  for (const other of [
    [source, file, file, last],
    [file, last],
    [source, last],
    [file, source, last],
  ])
    assert.throws(() => inputIn({ def: other, metadata }), /LLB/);
  const none = Op.encode({ inputs: [{ digest: digestOf(source), index: 0 }], file: { actions: [] } });
  assert.throws(() => inputIn({ def: [source, none], metadata }), /LLB/);
});

test('a graph of which more would have to be done is refused', () => {
  const { def } = graphOf('local://a');
  for (const graph of [
    { def: [], metadata: new Map() },
    { def: [...def, ...graphOf('local://b').def], metadata: new Map() },
    graphOf('nonsense'),
    graphOf('oci-layout://x@sha256:0', { 'oci.store': 'store' }),
    graphOf(`oci-layout://x@sha256:${'0'.repeat(64)}`),
    { def: [Op.encode({})], metadata: new Map() },
  ])
    assert.throws(() => inputIn(graph), /LLB/);
  assert.throws(() => inputIn({ def: [Buffer.from([0xff])], metadata: new Map() }));
});
