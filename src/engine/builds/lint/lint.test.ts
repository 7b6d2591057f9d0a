/** Rules for Dockerfiles. What BuildKit says of the same files: its v0.32's tests, frontend/dockerfile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../../../formats/byte-text.ts';
import { parseDockerfile } from '../../../formats/dockerfile/parse.ts';
import { readIgnoreFile } from '../../../formats/ignore-patterns.ts';
import { type Linted, type LintOptions, lintDockerfile } from './lint.ts';
import { rules } from './rules.ts';
import { readCheck, settingsOf, violation } from './settings.ts';
import { warningEvent } from './warn.ts';

const amd64 = { os: 'linux', architecture: 'amd64', variant: '' };
const platforms = { build: amd64, target: amd64 };
const base = { env: ['PATH=/bin', 'HOME=/root'], platform: 'linux/amd64' };

function lint(text: string, options: Partial<LintOptions> = {}): Linted {
  const dockerfile = parseDockerfile(bytesOf(text), 'Dockerfile');
  return lintDockerfile(dockerfile, {
    settings: settingsOf(dockerfile, new Map()),
    buildArgs: new Map(),
    platforms,
    target: undefined,
    stages: undefined,
    baseOf: () => base,
    ignored: [],
    ...options,
  });
}

const said = (text: string, options?: Partial<LintOptions>): string[] =>
  lint(text, options).warnings.map(({ rule, detail, line }) => `${rule.name} ${line} ${detail}`);

const table: readonly [text: string, ...wanted: string[]][] = [
  ['FROM a AS Big', "StageNameCasing 1 Stage name 'Big' should be lowercase"],
  ['FROM a as b', "FromAsCasing 1 'as' and 'FROM' keywords' casing do not match"],
  ['from a AS b', "FromAsCasing 1 'AS' and 'from' keywords' casing do not match"],
  ['from a as b'],
  ['FROM a\nRUN x \\\n\n y', 'NoEmptyContinuation 4 Empty continuation line'],
  [
    'FROM a\ncopy x y\nCOPY x y',
    "ConsistentInstructionCasing 2 Command 'copy' should match the case of the command majority (uppercase)",
  ],
  [
    'from a\nCOPY x y\ncopy x y',
    "ConsistentInstructionCasing 2 Command 'COPY' should match the case of the command majority (lowercase)",
  ],
  [
    'frOM a as b\nfrom a as c',
    "ConsistentInstructionCasing 1 Command 'frOM' should match the case of the command majority (lowercase)",
  ],
  ['FROM a AS b\nFROM a AS b', 'DuplicateStageName 2 Duplicate stage name "b", stage names should be unique'],
  [
    'FROM a AS scratch\nFROM a AS context',
    'ReservedStageName 1 Stage name should not use the same name as reserved stage "scratch"',
    'ReservedStageName 2 Stage name should not use the same name as reserved stage "context"',
  ],
  [
    'FROM a\nCMD x\nENTRYPOINT y',
    'JSONArgsRecommended 2 JSON arguments recommended for CMD to prevent unintended behavior related to OS signals',
    'JSONArgsRecommended 3 JSON arguments recommended for ENTRYPOINT to prevent unintended behavior related to OS signals',
  ],
  ['FROM a AS b\nSHELL ["s"]\nFROM b\nCMD x'],
  ['FROM a\n# check=skip=JSONArgsRecommended\nCMD x'],
  [
    'FROM a\nMAINTAINER me',
    'MaintainerDeprecated 2 Maintainer instruction is deprecated in favor of using label',
  ],
  [
    'FROM --platform=$BULIDPLATFORM a',
    "UndefinedArgInFrom 1 FROM argument 'BULIDPLATFORM' is not declared (did you mean BUILDPLATFORM?)",
  ],
  [`ARG D\nFROM scra$\{D:-tch}`],
  [
    `ARG tag=latest\nFROM a:$\{tag}$\{version}`,
    "UndefinedArgInFrom 2 FROM argument 'version' is not declared",
  ],
  [
    'FROM a\nWORKDIR app/\nWORKDIR b',
    'WorkdirRelativePath 2 Relative workdir "app/" can have unexpected results if the base image changes',
  ],
  ['FROM a AS b\nWORKDIR /app\nFROM b\nWORKDIR sub'],
  ['FROM a\nCOPY $foo .\nARG foo=bar\nCOPY $foo .', "UndefinedVar 2 Usage of undefined variable '$foo'"],
  [`FROM a\nARG foo\nCOPY x$\{foo} $HOME`],
  ['FROM a AS b\nARG foo=x\nFROM b\nCOPY $foo .'],
  ['FROM a\nRUN echo $nobody'],
  ['FROM a\nENV PATH=$PAHT:/x', "UndefinedVar 2 Usage of undefined variable '$PAHT' (did you mean $PATH?)"],
  ['FROM a\nCOPY <<E /x\n$no\nE', "UndefinedVar 2 Usage of undefined variable '$no'"],
  ["FROM a\nCOPY <<'E' /x\n$no\nE"],
  [
    'FROM a\nENTRYPOINT ["a"]\nCMD ["a"]\nHEALTHCHECK CMD a\nENTRYPOINT ["b"]\nCMD ["b"]\nHEALTHCHECK CMD b',
    'MultipleInstructionsDisallowed 2 Multiple ENTRYPOINT instructions should not be used in the same stage because only the last one will be used',
    'MultipleInstructionsDisallowed 3 Multiple CMD instructions should not be used in the same stage because only the last one will be used',
    'MultipleInstructionsDisallowed 4 Multiple HEALTHCHECK instructions should not be used in the same stage because only the last one will be used',
  ],
  ['FROM a AS b\nCMD ["a"]\nFROM b\nCMD ["b"]'],
  [
    'FROM a\nENV k v\nLABEL k v',
    'LegacyKeyValueFormat 2 "ENV key=value" should be used instead of legacy "ENV key value" format',
    'LegacyKeyValueFormat 3 "LABEL key=value" should be used instead of legacy "LABEL key value" format',
  ],
  [
    `FROM --platform=$\{TARGETPLATFORM} a`,
    `RedundantTargetPlatform 1 Setting platform to predefined $\{TARGETPLATFORM} in FROM is redundant as this is the default behavior`,
  ],
  [
    'FROM a\nARG SECRET_X\nENV password=1 sunflower=1\nENV PUBLIC_KEY=1\nARG AUTH_VERSION',
    'SecretsUsedInArgOrEnv 2 Do not use ARG or ENV instructions for sensitive data (ARG "SECRET_X")',
    'SecretsUsedInArgOrEnv 3 Do not use ARG or ENV instructions for sensitive data (ENV "password")',
  ],
  [
    'FROM a\n# check=skip=all // of this one alone\nENV password=1\nENV password=1',
    'SecretsUsedInArgOrEnv 4 Do not use ARG or ENV instructions for sensitive data (ENV "password")',
  ],
  [
    'FROM --platform=linux/amd64 a',
    'FromPlatformFlagConstDisallowed 1 FROM --platform flag should not use constant value "linux/amd64"',
  ],
  ['FROM --platform=linux/amd64 a AS my-amd64'],
  [
    'FROM a\nEXPOSE 80/TcP 8080/udp',
    "ExposeProtoCasing 2 Defined protocol '80/TcP' in EXPOSE instruction should be lowercase",
  ],
  [
    'FROM a\nEXPOSE [::1]:80:80 8000',
    "ExposeInvalidFormat 2 EXPOSE instruction should not define an IP address or host-port mapping, found '[::1]:80:80'",
  ],
  [
    '# check=experimental=InvalidDefinitionDescription\n# bar is\nARG foo=bar\n# foo is\nARG foo\n# no\n#\nARG x\n# no\nARG a b\n# no\nFROM a AS base',
    'InvalidDefinitionDescription 3 Comment for ARG should follow the format: `# foo <description>`',
    'InvalidDefinitionDescription 10 Comment for ARG should follow the format: `# <arg_key> <description>`',
    'InvalidDefinitionDescription 12 Comment for FROM should follow the format: `# base <description>`',
  ],
  ['# no\nARG foo=bar\nFROM a'],
  ['# check=skip=all\nFROM a as Big\ncopy $x .'],
  [
    '# check=skip=ConsistentInstructionCasing\nFROM a as b\ncopy x .',
    "FromAsCasing 2 'as' and 'FROM' keywords' casing do not match",
  ],
];
for (const [text, ...wanted] of table) test(JSON.stringify(text), () => assert.deepEqual(said(text), wanted));

test('a base that is none without build arguments is told, whatever was given', () => {
  const detail = (name: string) =>
    `Default value for ARG ${name} results in empty or invalid base image name`;
  const given = { buildArgs: new Map([['V', 'latest']]) };
  assert.deepEqual(said('ARG V\nFROM a:$V', given), [`InvalidDefaultArgInFrom 2 ${detail('a:$V')}`]);
  assert.deepEqual(said('ARG V\nFROM a$V', given), []);
});

test('what .dockerignore leaves out is told where it is copied from the context', () => {
  const text = 'FROM a AS b\nCOPY no ./.git/x .\nADD no /x\nCOPY --from=b no .\nADD https://x/no .\nCOPY . .';
  const ignored = (patterns: string) => ({ ignored: readIgnoreFile(patterns) });
  const line = (at: number, verb: string, file: string) =>
    `CopyIgnoredFile ${at} Attempting to ${verb} file "${file}" that is excluded by .dockerignore`;
  assert.deepEqual(said(text, ignored('no\n.git')), [
    line(2, 'Copy', 'no'),
    line(2, 'Copy', '.git/x'),
    line(3, 'Add', 'no'),
  ]);
  assert.deepEqual(said(text, ignored('**\n!no')), []);
  assert.deepEqual(said('FROM a\nCOPY . .', ignored('*')), [line(2, 'Copy', '.')]);
  assert.deepEqual(said('FROM a\nCOPY . .', ignored('.*')), []);
});

test('a base of another platform is told', () => {
  const baseOf = () => ({ env: [], platform: 'linux/arm64' });
  assert.deepEqual(said('FROM a', { baseOf }), [
    'InvalidBaseImagePlatform 1 Base image a was pulled with platform "linux/arm64", expected "linux/amd64" for current build',
  ]);
});

test('of a base that is not known any variable may come; of scratch none', () => {
  const baseOf = () => undefined;
  assert.deepEqual(said('FROM a\nUSER $x', { baseOf }), []);
  assert.deepEqual(said('FROM scratch\nUSER $x', { baseOf }), [
    "UndefinedVar 2 Usage of undefined variable '$x'",
  ]);
});

test('only stages that are asked for are looked into', () =>
  assert.deepEqual(said('FROM a AS b\nENV k v\nFROM a', { stages: new Set([1]) }), []));

test('what cannot be expanded ends it, with its place', () => {
  const { warnings, failure } = lint(`FROM a AS B\nUSER x\nUSER $\{y\nENV k v`);
  assert.deepEqual(
    warnings.map(({ rule }) => rule.name),
    ['StageNameCasing'],
  );
  assert.deepEqual(failure?.position, { line: 3, endLine: 3 });
  assert.match(String(failure?.error), /missing '}'/);
});

test('warnings fail a build that may not have any', () => {
  const { warnings } = lint('FROM a as b\nMAINTAINER me\nMAINTAINER me');
  assert.equal(violation(warnings, readCheck('skip=x')), undefined);
  assert.equal(
    violation(warnings, readCheck('error=true'))?.message,
    'lint violation found for rules: FromAsCasing, MaintainerDeprecated',
  );
  assert.equal(violation([], readCheck('error=true')), undefined);
});

for (const wrong of ['skip', 'other=1', 'error=perhaps'])
  test(`${wrong} is no option`, () => assert.throws(() => readCheck(wrong), /invalid check option/));

test('a warning is told with its lines and the page of its rule', () => {
  const file = { filename: 'Dockerfile', bytes: Buffer.from('FROM a'), language: 'Dockerfile' };
  assert.deepEqual(
    warningEvent({ rule: rules.fromAsCasing, detail: 'no', line: 2, endLine: 3 }, 'sha256:1', file),
    {
      is: 'warning',
      vertex: 'sha256:1',
      level: 1,
      short: 'FromAsCasing: no (line 2)',
      detail: [rules.fromAsCasing.description],
      url: 'https://docs.docker.com/go/dockerfile/rule/from-as-casing/',
      source: {
        file,
        ranges: [
          { startLine: 2, endLine: 2 },
          { startLine: 3, endLine: 3 },
        ],
      },
    },
  );
});

test('whatever a Dockerfile has, it is held to the rules', () => {
  const word = fc.string({
    unit: fc.constantFrom('$', '{', '}', 'a', ':', '-', '"', '\\', ' ', '=', '/', '#'),
  });
  const keyword = fc.constantFrom('ENV', 'arg', 'COPY', 'Workdir', 'EXPOSE', 'CMD', 'FROM', 'USER', '#');
  const lines = fc.array(fc.tuple(keyword, word).map((parts) => parts.join(' ')));
  fc.assert(
    fc.property(lines, (said) => {
      const text = ['FROM a', ...said].join('\n');
      try {
        parseDockerfile(text, 'Dockerfile');
      } catch {
        return;
      }
      lint(text);
    }),
  );
});
