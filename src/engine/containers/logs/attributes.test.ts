import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from '../../../base/errors.ts';
import {
  attributesJson,
  attributesQuery,
  extraAttributes,
  fileAttributes,
  type Logged,
  logTag,
} from './attributes.ts';

const logged: Logged = {
  id: '0123456789abcdef'.repeat(4),
  name: 'web',
  created: '2026-01-01T00:00:00Z',
  imageId: `sha256:${'ab'.repeat(32)}`,
  config: {
    Image: 'busybox',
    Labels: { stage: 'prod', 'a.b': 'x y', other: '1' },
    Env: ['HOME=/', 'APP_NAME=n', 'EMPTY=', 'EQUALS=a=b'],
  } as unknown as Logged['config'],
  path: 'sh',
  args: ['-c', 'true'],
};

test('labels and variables are chosen by name and by expression', async () => {
  const options = {
    labels: 'stage,none',
    env: 'HOME,EQUALS,EMPTY',
    'labels-regex': '^a\\.',
    'env-regex': '(?i)^app_',
  };
  assert.deepEqual(
    [...(await extraAttributes(logged, options))],
    [
      ['APP_NAME', 'n'],
      ['EMPTY', ''],
      ['EQUALS', 'a=b'],
      ['HOME', '/'],
      ['a.b', 'x y'],
      ['stage', 'prod'],
    ],
  );
});

test('an expression that is none is refused in the words of Go', async () => {
  for (const [expression, words] of [
    ['(', 'error parsing regexp: missing closing ): `(`'],
    ['(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
    ['a**', 'error parsing regexp: invalid nested repetition operator: `**`'],
    ['a\\', 'error parsing regexp: trailing backslash at end of expression: ``'],
  ] as const)
    await assert.rejects(extraAttributes(logged, { 'labels-regex': expression }), new InvalidArgument(words));
});

test('an expression that makes a backtracking engine explode is a search like any other', async () => {
  const name = `${'a'.repeat(40)}!`;
  const slow = { ...logged, config: { Labels: { [name]: '' } } as unknown as Logged['config'] };
  assert.equal((await extraAttributes(slow, { 'labels-regex': '^(a+)+$' })).size, 0);
  assert.deepEqual([...(await extraAttributes(slow, { 'labels-regex': '^(a|aa)+!$' })).keys()], [name]);
});

test('attributes are spelled as JSON in the file and as a query by --details', async () => {
  const attributes = await fileAttributes(logged, { labels: 'a.b,stage', tag: '<{{.Name}}>' });
  assert.equal(attributesJson(attributes), '{"a.b":"x y","stage":"prod","tag":"\\u003cweb\\u003e"}');
  assert.equal(attributesQuery(attributes), 'a.b=x+y,stage=prod,tag=%3Cweb%3E');
  assert.deepEqual([attributesJson(new Map()), attributesQuery(new Map())], ['', '']);
});

for (const [template, tag] of [
  ['{{.ID}}', '0123456789ab'],
  ['{{.FullID}}', '0123456789abcdef'.repeat(4)],
  ['{{.ImageName}}/{{.Name}}/{{.DaemonName}}', 'busybox/web/docker'],
  ['{{.ImageID}}', 'sha256:ababa'],
  ['{{ .ImageFullID }}', `sha256:${'ab'.repeat(32)}`],
  ['{{.Command}}', 'sh -c true'],
  ['{{upper .Name}}-{{.Name | printf "%s!"}}', 'WEB-web!'],
  ['{{index .ContainerLabels "a.b"}}{{.ContainerLabels.stage}}', 'x yprod'],
  ['a {{- .Name -}} b', 'awebb'],
  ['{{json .ContainerArgs}}', '["-c","true"]'],
  ['{{truncate .FullID 4}}{{/* nothing */}}', '0123'],
  ['{{index .ContainerLabels "__proto__"}}plain', 'plain'],
] as const)
  test(`the tag ${template} is filled in`, () => assert.equal(logTag(logged, { tag: template }, ''), tag));

for (const [template, words] of [
  [
    '{{.Nothing}}',
    'template: log-tag:1:2: executing "log-tag" at <.Nothing>: can\'t evaluate field Nothing in type *logger.Info',
  ],
  ['{{nothing .Name}}', 'template: log-tag:1: function "nothing" not defined'],
  ['{{.Name', 'template: log-tag:1: unclosed action'],
  ['{{}}', 'template: log-tag:1: missing value for command'],
  ['{{{{', 'template: log-tag:1: unclosed action'],
] as const)
  test(`the tag ${template} is refused`, () =>
    assert.throws(() => logTag(logged, { tag: template }, ''), new InvalidArgument(words)));

for (const [what, template, words] of [
  ['blanks without an end', `{{${' '.repeat(4000)}`, 'unclosed action'],
  ['beginnings without an end', '{{'.repeat(2000), 'unclosed action'],
  ['a hundred thousand characters', 'x'.repeat(100_000), 'longer than 4096 characters'],
  ['quotes that double', `{{.Name|json${'|json'.repeat(60)}}}`, 'a value is longer than 65536 characters'],
  [
    'a list with a long text between its items',
    `{{join (split .FullID "") "x"}}`,
    'unexpected "(split" in operand',
  ],
  [
    'quotes of quotes by printf',
    `{{.Name${'|printf "%q%q"'.repeat(60)}}}`,
    'a value is longer than 65536 characters',
  ],
] as const)
  test(`SC-DOS-07: a tag of ${what} is refused at once`, () =>
    assert.throws(() => logTag(logged, { tag: template }, ''), {
      name: 'InvalidArgument',
      message: `template: log-tag:1: ${words}`,
    }));
