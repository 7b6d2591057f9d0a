/** Instructions and what they make of a configuration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpansionBudget } from '../../../formats/dockerfile/expansion.ts';
import { parseDockerfile } from '../../../formats/dockerfile/parse.ts';
import type { ContainerConfig } from '../../../model/config.ts';
import { argumentsAtTop } from './arguments.ts';
import { planStep, type StageState } from './step.ts';

const platform = { os: 'linux', architecture: 'amd64', variant: '' };

function after(lines: string, config: ContainerConfig = {}, given: [string, string | null][] = []) {
  const { stages, directives } = parseDockerfile(`FROM scratch\n${lines}\n`, 'Dockerfile');
  let state: StageState = {
    config,
    author: '',
    commandSaid: false,
    args: argumentsAtTop(new Map(given), { build: platform, target: platform }),
    escape: directives.escape,
    budget: new ExpansionBudget(),
  };
  const history: string[] = [];
  for (const instruction of stages[0]?.instructions ?? []) {
    const step = planStep(state, instruction);
    history.push((step.containerConfig.Cmd ?? []).join(' '));
    state = step.after;
  }
  return { state, history };
}

// As dockerd 20.10 writes history.
const histories: readonly [lines: string, createdBy: string][] = [
  ['ENV A=1 B="two words"', '/bin/sh -c #(nop)  ENV A=1 B=two words'],
  ['ENV C three  words', '/bin/sh -c #(nop)  ENV C=three  words'],
  ['LABEL l="x y" m=1', '/bin/sh -c #(nop)  LABEL l=x y m=1'],
  ['MAINTAINER Me <me@x>', '/bin/sh -c #(nop)  MAINTAINER Me <me@x>'],
  ['EXPOSE 80 443/udp', '/bin/sh -c #(nop)  EXPOSE 443/udp 80'],
  ['VOLUME /v /w', '/bin/sh -c #(nop)  VOLUME [/v /w]'],
  ['USER 1000:1000', '/bin/sh -c #(nop)  USER 1000:1000'],
  ['STOPSIGNAL 9', '/bin/sh -c #(nop)  STOPSIGNAL 9'],
  ['CMD b "c"', '/bin/sh -c #(nop)  CMD ["/bin/sh" "-c" "b \\"c\\""]'],
  ['CMD', '/bin/sh -c #(nop)  CMD ["/bin/sh" "-c"]'],
  ['CMD []', '/bin/sh -c #(nop)  CMD []'],
  ['ENTRYPOINT', '/bin/sh -c #(nop)  ENTRYPOINT []'],
  ['CMD ["q"]', '/bin/sh -c #(nop)  CMD ["q"]'],
  ['ENTRYPOINT ["a", "b"]', '/bin/sh -c #(nop)  ENTRYPOINT ["a" "b"]'],
  ['ONBUILD RUN echo trig', '/bin/sh -c #(nop)  ONBUILD RUN echo trig'],
  ['SHELL ["/bin/sh","-ec"]', '/bin/sh -ec #(nop)  SHELL [/bin/sh -ec]'],
  ['WORKDIR /w//x/', '/bin/sh -c #(nop) WORKDIR /w//x/'],
  ['ARG FOO=bar BAZ', '/bin/sh -c #(nop)  ARG FOO=bar BAZ'],
  [
    'HEALTHCHECK --interval=5s --retries=3 CMD echo ok',
    `/bin/sh -c #(nop)  HEALTHCHECK &{["CMD-SHELL" "echo ok"] "5s" "0s" "0s" '\\x03'}`,
  ],
  ['HEALTHCHECK NONE', `/bin/sh -c #(nop)  HEALTHCHECK &{["NONE"] "0s" "0s" "0s" '\\x00'}`],
  ['RUN echo $X   a', '/bin/sh -c echo $X   a'],
  ['RUN ["a", "b c"]', 'a b c'],
];
for (const [lines, createdBy] of histories)
  test(`history of ${lines}`, () => assert.deepEqual(after(lines).history, [createdBy]));

test('arguments that a stage declares are a part of its RUN steps, sorted; a proxy that nobody declared is not', () => {
  const given: [string, string][] = [
    ['FOO', 'zed'],
    ['HTTP_PROXY', 'http://p'],
  ];
  const { history } = after('ARG FOO=bar\nARG AAA=1\nRUN id', {}, given);
  assert.equal(history.at(-1), '|2 AAA=1 FOO=zed /bin/sh -c id');
  const { history: none } = after('RUN id', {}, given);
  assert.equal(none.at(-1), '|0 /bin/sh -c id');
});
test('an argument means nothing where the environment has the name', () => {
  const { history } = after('ARG A=1\nENV A=2\nLABEL l=$A\nRUN id');
  assert.equal(history[2], '/bin/sh -c #(nop)  LABEL l=2');
  assert.equal(history[3], '/bin/sh -c id');
});
test('an argument that is named without a value has its default', () =>
  assert.equal(after('ARG A=d\nLABEL l=$A', {}, [['A', null]]).history[1], '/bin/sh -c #(nop)  LABEL l=d'));
test('a variable changes its value where it stands', () =>
  assert.deepEqual(after('ENV A=1 B=2\nENV A=3').state.config.Env, ['A=3', 'B=2']));
test('an entry point resets an inherited command, not one of its own stage', () => {
  assert.equal(after('ENTRYPOINT ["e"]', { Cmd: ['old'] }).state.config.Cmd, undefined);
  assert.equal(after('CMD\nENTRYPOINT ["e"]').state.config.Cmd, undefined);
  assert.deepEqual(after('CMD ["c"]\nENTRYPOINT ["e"]', { Cmd: ['old'] }).state.config.Cmd, ['c']);
});
test('a working directory goes on from the one before', () =>
  assert.equal(after('WORKDIR /a\nWORKDIR b/../c\nWORKDIR ./d/').state.config.WorkingDir, '/a/c/d'));
test('a range of ports is each of them', () =>
  assert.deepEqual(Object.keys(after('EXPOSE 7000-7002/udp').state.config.ExposedPorts ?? {}), [
    '7000/udp',
    '7001/udp',
    '7002/udp',
  ]));

const wrong: readonly [lines: string, message: RegExp][] = [
  ['EXPOSE 99999', /99999/],
  ['STOPSIGNAL ;rm', /;rm/],
  ['VOLUME [""]', /empty string/],
  ['COPY --chmod=9 a /b', /"9".*octal/],
];
for (const [lines, message] of wrong)
  test(`${lines} is refused`, () => assert.throws(() => after(lines), message));
