import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyChanges } from './changes.ts';

for (const [line, wanted] of [
  ['CMD ["a", "b c"]', { Cmd: ['a', 'b c'] }],
  ['cmd echo "$HOME"', { Cmd: ['/bin/sh', '-c', 'echo "$HOME"'] }],
  ['CMD ["a", 1]', { Cmd: ['/bin/sh', '-c', '["a", 1]'] }],
  ['ENTRYPOINT ["/init"]', { Entrypoint: ['/init'] }],
  ['ENTRYPOINT', { Entrypoint: [] }],
  ['ENV A=1 B="two words" C=\'$x\' D=a\\ b', { Env: ['A=1', 'B=two words', 'C=$x', 'D=a b'] }],
  ['ENV A the rest is one', { Env: ['A=the rest is one'] }],
  [
    'EXPOSE 80 53/udp 7000-7002/TCP',
    { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '7000/tcp': {}, '7001/tcp': {}, '7002/tcp': {} } },
  ],
  ['LABEL a=1 "b c"=\'d\'', { Labels: { a: '1', 'b c': 'd' } }],
  ['USER 1000:1000', { User: '1000:1000' }],
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
  'USER a b',
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
