/** Questions about a Dockerfile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerQuestion, type QuestionOptions } from './questions.ts';

const amd64 = { os: 'linux', architecture: 'amd64', variant: '' };
const options: QuestionOptions = {
  buildArgs: new Map(),
  platforms: { build: amd64, target: amd64 },
  target: undefined,
  baseOf: () => undefined,
  ignored: [],
};

type Question = Parameters<typeof answerQuestion>[0];

function ask(question: Question, text: string, more: Partial<QuestionOptions> = {}) {
  const file = { filename: 'Dockerfile', bytes: Buffer.from(text), language: 'Dockerfile' };
  const answers = answerQuestion(question, file, { ...options, ...more });
  const said = (name: string) => answers.get(name)?.toString();
  return {
    json: JSON.parse(said('result.json')!),
    text: said('result.txt'),
    status: said('result.statuscode'),
  };
}

const at = (...lines: number[]) => ({ ranges: lines.map((line) => ({ start: { line }, end: { line } })) });

test('a Dockerfile that is right is told with status 0', () => {
  const { json, text, status } = ask('lint', 'FROM a\n');
  assert.deepEqual(json, {
    warnings: null,
    sources: [
      { filename: 'Dockerfile', data: Buffer.from('FROM a\n').toString('base64'), language: 'Dockerfile' },
    ],
  });
  assert.deepEqual([text, status], ['', '0']);
});

test('warnings are told with their rule, page and lines, and shown in their places', () => {
  const { json, text, status } = ask('lint', 'FROM a\n\nMAINTAINER \\\n me\nUSER x\nUSER y\n');
  assert.deepEqual(
    json.warnings.map(({ ruleName, url, location }: Record<string, unknown>) => [ruleName, url, location]),
    [['MaintainerDeprecated', 'https://docs.docker.com/go/dockerfile/rule/maintainer-deprecated/', at(3, 4)]],
  );
  assert.equal(
    text,
    `
WARNING: MaintainerDeprecated - https://docs.docker.com/go/dockerfile/rule/maintainer-deprecated/
Maintainer instruction is deprecated in favor of using label
Dockerfile:3
--------------------
   2 |     
   3 | >>> MAINTAINER \\
   4 | >>>  me
   5 |     USER x
--------------------
`,
  );
  assert.equal(status, '1');
});

test('what is wrong before the line that cannot be read is told with why it cannot', () => {
  const { json, status } = ask('lint', 'FROM a AS B\nMAINTAINER me\nBADCMD\n');
  assert.deepEqual(
    json.warnings.map(({ ruleName }: { ruleName: string }) => ruleName),
    ['StageNameCasing', 'MaintainerDeprecated'],
  );
  assert.match(json.buildError.message, /^dockerfile parse error line 3: unknown instruction: BADCMD$/);
  assert.deepEqual(json.buildError.location, at(3));
  assert.equal(status, '1');
});

test('a target that is none, a violation and an option that is none are told as what fails', () => {
  assert.match(
    ask('lint', 'FROM a\n', { target: 'nope' }).json.buildError.message,
    /target stage "nope" could not be found/,
  );
  assert.equal(
    ask('lint', '# check=error=true\nFROM a as b\n').json.buildError.message,
    'lint violation found for rules: FromAsCasing',
  );
  assert.match(ask('lint', '# check=what\nFROM a\n').json.buildError.message, /invalid check option "what"/);
});

test('the client chooses rules in place of the Dockerfile, and the stages by a target', () => {
  const buildArgs = new Map([['BUILDKIT_DOCKERFILE_CHECK', 'skip=all']]);
  assert.equal(ask('lint', '# check=error=true\nFROM a as b\n', { buildArgs }).status, '0');
  const text = 'FROM a AS x\nENV k v\nFROM a AS y\n';
  assert.equal(ask('lint', text).status, '1');
  assert.equal(ask('lint', text, { target: 'y' }).status, '0');
});

test('targets are told with what their comments say of them', () => {
  const text = '# base the base\nFROM a AS base\nFROM --platform=$P base\n';
  const { json, text: shown } = ask('targets', text);
  assert.deepEqual(json, {
    targets: [
      { name: 'base', description: 'the base', base: 'a', location: at(2) },
      { default: true, base: 'base', platform: '$P', location: at(3) },
    ],
    sources: [Buffer.from(text).toString('base64')],
  });
  assert.equal(shown, 'TARGET    DESCRIPTION\nbase      the base\n(default) \n');
});

const OUTLINE = `ARG V=1
ARG TAG=v$V
ARG UNUSED=x
FROM a:$TAG AS base
# MORE what else
ARG MORE=$V-x
RUN --mount=type=secret,id=token,required --mount=type=secret,target=/run/other --mount=type=ssh x
FROM b AS aside
ARG NOT=1
# out the result
FROM base AS out
ARG V
ARG GIVEN
`;

test('an outline tells what the target can be given, and what is needed for it', () => {
  const { json, text } = ask('outline', OUTLINE, { buildArgs: new Map([['GIVEN', 'yes']]) });
  const { sources: _, ...outline } = json;
  assert.deepEqual(outline, {
    name: 'out',
    description: 'the result',
    args: [
      { name: 'V', value: '1', location: at(1) },
      { name: 'TAG', value: 'v1', location: at(2) },
      { name: 'MORE', description: 'what else', value: '-x', location: at(6) },
      { name: 'GIVEN', value: 'yes', location: at(13) },
    ],
    secrets: [
      { name: 'token', required: true, location: at(7) },
      { name: 'other', location: at(7) },
    ],
    ssh: [{ name: 'default', location: at(7) }],
  });
  assert.equal(
    text,
    `TARGET:      out
DESCRIPTION: the result

BUILD ARG   VALUE   DESCRIPTION
V           1       
TAG         v1      
MORE        -x      what else
GIVEN       yes     

SECRET   REQUIRED
token    true
other    

SSH       REQUIRED
default   

`,
  );
});

test('an outline of another target leaves out what that does not need', () => {
  const { args } = ask('outline', OUTLINE, { target: 'aside' }).json;
  assert.deepEqual(
    args.map(({ name }: { name: string }) => name),
    ['NOT'],
  );
});

test('questions that there are', () => {
  const { json, text } = ask('describe', 'FROM a');
  assert.deepEqual(
    json.map(({ name }: { name: string }) => name),
    ['frontend.lint', 'frontend.outline', 'frontend.targets', 'frontend.subrequests.describe'],
  );
  assert.match(text!, /^NAME +VERSION DESCRIPTION\nlint +1\.0\.0 /);
});
