import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyChanges } from './changes.ts';

for (const [line, wanted] of [
  ['CMD ["a", "b c"]', { Cmd: ['a', 'b c'] }],
  ['cmd echo "$HOME"', { Cmd: ['/bin/sh', '-c', 'echo "$HOME"'] }],
  ['CMD ["a", 1', { Cmd: ['/bin/sh', '-c', '["a", 1'] }],
  ['ENTRYPOINT ["/init"]', { Entrypoint: ['/init'] }],
  ['CMD', { Cmd: ['/bin/sh', '-c'] }],
  ['ENTRYPOINT', {}],
  ['ENV A=1 B="two words" C=\'$x\' D=a\\ b', { Env: ['A=1', 'B=two words', 'C=$x', 'D=a b'] }],
  ['ENV A the rest is one', { Env: ['A=the rest is one'] }],
  [
    'EXPOSE 80 53/udp 7000-7002/TCP',
    { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '7000/tcp': {}, '7001/tcp': {}, '7002/tcp': {} } },
  ],
  ['LABEL a=1 "b c"=\'d\'', { Labels: { a: '1', 'b c': 'd' } }],
  ['USER 1000:1000', { User: '1000:1000' }],
  ['USER a b', { User: 'a b' }], // dockerd leaves it to whoever runs it
  ['WORKDIR a/../b', { WorkingDir: '/b' }],
  ['VOLUME /a /b', { Volumes: { '/a': {}, '/b': {} } }],
  ['VOLUME ["/a b"]', { Volumes: { '/a b': {} } }],
  ['STOPSIGNAL SIGTERM', { StopSignal: 'SIGTERM' }],
  ['ONBUILD RUN make', { OnBuild: ['RUN make'] }],
  ['HEALTHCHECK NONE', { Healthcheck: { Test: ['NONE'] } }],
  [
    'HEALTHCHECK --interval=1m30s --timeout=500ms --retries=3 CMD curl -f x',
    { Healthcheck: { Interval: 90e9, Timeout: 5e8, Retries: 3, Test: ['CMD-SHELL', 'curl -f x'] } },
  ],
  ['HEALTHCHECK CMD ["curl", "x"]', { Healthcheck: { Test: ['CMD', 'curl', 'x'] } }],
  ['# a comment', {}],
] as const)
  test(`${line} sets what it says`, () => assert.deepEqual(applyChanges({}, [line]), wanted));

test('an entry point takes away the command of before, not one among the changes', () => {
  const config = { Cmd: ['old'], Entrypoint: ['old'] };
  assert.deepEqual(applyChanges(config, ['ENTRYPOINT ["e"]']), { Entrypoint: ['e'] });
  assert.deepEqual(applyChanges(config, ['ENTRYPOINT []']), {});
  assert.deepEqual(applyChanges(config, ['CMD ["c"]', 'ENTRYPOINT ["e"]']), {
    Cmd: ['c'],
    Entrypoint: ['e'],
  });
});

test('later changes see earlier ones', () => {
  const changes = [
    'ENV HOME=/root',
    `ENV PATH=$HOME/bin:$\{HOME}/x`,
    'WORKDIR /srv',
    'WORKDIR app',
    'LABEL a=1',
    'LABEL a=2',
  ];
  assert.deepEqual(applyChanges({ Env: ['HOME=/old', 'X=1'] }, changes), {
    Env: ['HOME=/root', 'X=1', 'PATH=/root/bin:/root/x'],
    WorkingDir: '/srv/app',
    Labels: { a: '2' },
  });
});

for (const line of [
  'RUN make',
  'FROM x',
  'COPY a b',
  'ENV',
  'ENV A',
  'ENV =x',
  'ENV A=1 B',
  'EXPOSE abc',
  'EXPOSE 70000',
  'EXPOSE 9-1',
  'USER',
  'CMD ["a", 1]',
  'STOPSIGNAL a;b',
  'ONBUILD ONBUILD RUN x',
  'ONBUILD FROM x',
  'VOLUME [""]',
  'HEALTHCHECK',
  'HEALTHCHECK CMD',
  'HEALTHCHECK --interval=1ns CMD x',
  'HEALTHCHECK --color=red CMD x',
  'constructor x',
  '__proto__ x',
])
  test(`${line} is refused`, () =>
    assert.throws(() => applyChanges({}, [line]), { name: 'InvalidArgument' }));

test('however long a line is, it is read', () => {
  assert.ok(applyChanges({}, [`ENV ${'A=" '.repeat(50_000)}`]).Env?.[0]?.startsWith('A= '));
  assert.equal(applyChanges({}, [`LABEL ${'a=1 '.repeat(50_000)}`]).Labels?.a, '1');
  assert.throws(() => applyChanges({}, ['ENV A="never ended']), { name: 'InvalidArgument' });
});

test('variables that double at each line come to an end', () => {
  const doubling = ['ENV A=xx', ...Array.from({ length: 60 }, () => 'ENV A=$A$A')];
  assert.throws(() => applyChanges({}, doubling), { name: 'InvalidArgument', message: /more than 1048576/ });
  assert.equal(applyChanges({}, doubling.slice(0, 10)).Env?.[0]?.length, 'A='.length + 2 ** 10);
});

/** Processor time of this process for `work`, whether or not it throws, in milliseconds: the least of three, as the collector works in between. */
const cost = (work: () => unknown): number => Math.min(...Array.from({ length: 3 }, () => costOnce(work)));

function costOnce(work: () => unknown): number {
  const before = process.cpuUsage();
  try {
    work();
  } catch (error) {
    assert.equal((error as Error).name, 'InvalidArgument');
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

/** Each of about so many characters. */
const hostile: readonly (readonly [string, (size: number) => string])[] = [
  ['blanks before an argument', (size) => `ENV A${' '.repeat(size)}=`],
  ['blanks before a line', (size) => `${' '.repeat(size)}x`],
  ['blanks behind a flag', (size) => `HEALTHCHECK --interval=1s${' '.repeat(size)}x`],
  ['continuations', (size) => `ENV A=${'\\\n'.repeat(size / 2)}b`],
  ['backslashes that continue nothing', (size) => `ENV A=${`\\${' '.repeat(99)}`.repeat(size / 100)}`],
  ['quotes', (size) => `ENV A=${'"'.repeat(size)}`],
  ['quotes in quotes', (size) => `ENV A=${`'"`.repeat(size / 2)}`],
  ['quotes that are escaped', (size) => `WORKDIR "${'\\"'.repeat(size / 2)}`],
  ['braces in braces', (size) => `ENV A=${'$\u007b'.repeat(size / 2)}`],
  ['defaults in defaults', (size) => `ENV A=${'$\u007bA:-'.repeat(size / 5)}${'}'.repeat(size / 5)}`],
  ['a name without an end', (size) => `ENV A=$\u007b${'a'.repeat(size)}`],
  ['a list in a list', (size) => `CMD ${'['.repeat(size)}`],
  ['variables', (size) => lines(size / 12, (i) => `ENV A${i}=1`)],
  [
    'a large variable in many lines',
    (size) => `ENV A=${'a'.repeat(size / 2)}\n${lines(size / 24, (i) => `ENV B${i}=$A`)}`,
  ],
  ['labels', (size) => lines(size / 12, (i) => `LABEL a${i}=1`)],
  ['volumes', (size) => lines(size / 12, (i) => `VOLUME /${i}`)],
  ['triggers', (size) => lines(size / 14, () => 'ONBUILD RUN x')],
  ['directories below each other', (size) => lines(size / 10, () => 'WORKDIR a')],
  ['all ports in each word', (size) => `EXPOSE ${'1-65535 '.repeat(size / 8)}`],
  ['all ports in each line', (size) => lines(size / 15, () => 'EXPOSE 1-65535')],
  [
    'a port in each line behind all of them',
    (size) => `EXPOSE 1-65535\n${lines(size / 9, () => 'EXPOSE 1')}`,
  ],
];
for (const [what, text] of hostile)
  test(`SC-DOS-07: the work for ${what} grows with their number, not faster`, () => {
    const size = 37_500;
    cost(() => applyChanges({}, [text(size)])); // compiled, and what it needs is there
    const small = cost(() => applyChanges({}, [text(size)]));
    const large = cost(() => applyChanges({}, [text(8 * size)]));
    assert.ok(large < 16 * small + 200, `${large} ms for eight times what took ${small} ms`);
  });

test('SC-DOS-07: what changes may bring in is limited over all lines', () => {
  const refused = (changes: readonly string[], message: RegExp) =>
    assert.throws(() => applyChanges({}, changes), { name: 'InvalidArgument', message });
  const large = `ENV A=${'a'.repeat(1 << 17)}`;
  assert.equal(applyChanges({}, [large, ...Array.from({ length: 8 }, () => 'ENV B=$A')]).Env?.length, 2);
  refused([large, ...Array.from({ length: 9 }, () => 'ENV B=$A')], /more than 1048576 characters/);
  const all = ['tcp', 'udp', 'sctp'].map((protocol) => `EXPOSE 0-65535/${protocol}`);
  assert.equal(Object.keys(applyChanges({}, all).ExposedPorts ?? {}).length, 3 * 65_536);
  refused([...all, 'EXPOSE 80'], /EXPOSE of more than 196608 ports/);
  refused(
    Array.from({ length: 2100 }, () => 'WORKDIR a'),
    /WORKDIR of more than 4096 characters/,
  );
});

test('a quote that is not closed is refused', () => {
  for (const line of ['ENV A="b', "LABEL a='b", 'ENV A the "rest', 'WORKDIR "/x', "VOLUME /a'", 'EXPOSE "80'])
    assert.throws(() => applyChanges({}, [line]), {
      message: /while looking for matching (?:double|single)-quote/,
    });
});

test('names of objects are names like others', () => {
  const { Labels, Volumes } = applyChanges({}, ['LABEL __proto__=1', 'VOLUME __proto__']);
  assert.deepEqual([Object.keys(Labels ?? {}), Object.keys(Volumes ?? {})], [['__proto__'], ['__proto__']]);
});
