import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../byte-text.ts';
import type { Instruction } from './instruction.ts';
import { parseDockerfile, parseInstructions, parseTriggers } from './parse.ts';

/** What the instructions of a stage say, without their places. */
function said(text: string): unknown[] {
  const [stage] = parseDockerfile(`FROM scratch\n${text}`, 'Dockerfile').stages;
  return (stage?.instructions ?? []).map(bare);
}

function bare(instruction: Instruction): object {
  const {
    source: _source,
    position: _position,
    command: _command,
    comments: _comments,
    ...rest
  } = instruction;
  return rest;
}

const run = (line: string) => ({
  is: 'run',
  line: { form: 'shell', line },
  mounts: [],
  network: 'default',
  security: 'sandbox',
});
const copy = { is: 'copy', inline: [], link: false, exclude: [], parents: false };
const probe = { interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };

for (const [text, ...wanted] of [
  ['run echo a', run('echo a')],
  ['RUN echo a \\\n  b', run('echo a   b')],
  ['RUN echo a \\ \t\r\n# no\n  # no\n b', run('echo a  b')],
  ['RUN echo a \\\n\n b', run('echo a  b')],
  ['RUN echo a \\\\\nUSER x', run('echo a \\\\'), { is: 'user', word: 'x' }],
  ['RUN a \\', run('a')],
  ['RUN a # b', run('a # b')],
  ['  # comment\n\t RUN\ta', run('a')],
  ['RUN', run('')],
  ['RUN ["a", "b c"]', { ...run(''), line: { form: 'exec', words: ['a', 'b c'] } }],
  ['RUN ["a", "b"] # and more', { ...run(''), line: { form: 'exec', words: ['a', 'b'] } }],
  ['RUN [ -f x ] && true', run('[ -f x ] && true')],
  ["RUN ['a']", run("['a']")],
  ['RUN ["\xc3\xa9\\u00e9\\n\\u0041"]', { ...run(''), line: { form: 'exec', words: [bytesOf('éé\nA')] } }],
  ['RUN ["\\ud83d\\ude00\\ud800"]', { ...run(''), line: { form: 'exec', words: [bytesOf('😀\ufffd')] } }],
  ['RUN --network=none --security=insecure a', { ...run('a'), network: 'none', security: 'insecure' }],
  [
    'RUN --mount=type=tmpfs,target=/t --mount="target=/a b" a',
    { ...run('a'), mounts: ['type=tmpfs,target=/t', 'target=/a b'] },
  ],
  ['RUN -- --a', run('--a')],
  ['RUN <<EOF\na\n\n#b\n  c\\\nEOF\nUSER x', run('a\n\n#b\n  c\\\n'), { is: 'user', word: 'x' }],
  ['RUN <<-EOF\n\ta\n\t\tEOF', run('a\n')],
  ['RUN cat <<A - <<"B c" > x\n1\nA\n2\nB c', run('cat <<A - <<"B c" > x\n1\nA\n2\nB c')],
  [
    'RUN <<EOF\n#!/bin/x\na\nEOF',
    { ...run(''), line: { form: 'script', name: 'EOF', text: '#!/bin/x\na\n' } },
  ],
  ['RUN echo $((1 << 2))', run('echo $((1 << 2))')],
  ['RUN echo \'<<EOF\' "<<EOF" a<<EOF <<<EOF \\<<EOF', run('echo \'<<EOF\' "<<EOF" a<<EOF <<<EOF \\<<EOF')],
  ['RUN a \\', run('a')],
  ['RUN a \\ x\nUSER b', run('a \\ x'), { is: 'user', word: 'b' }],
  ['RUN a\\\n#\n \t\n\\\nb', run('ab')],
  ['RUN a\\\n  \\\n', run('a')],
  ['\xc2\xa0RUN a', run('a')],
  ['RUN ["a", "b\\"]"]', { ...run(''), line: { form: 'exec', words: ['a', 'b"]'] } }],
  ['RUN ["a"', run('["a"')],
  ['RUN ["a]', run('["a]')],
  ['RUN ["a\\"]', run('["a\\"]')],
  ['RUN [{"a": 1}', run('[{"a": 1}')],
  ['RUN {"a": 1}', run('{"a": 1}')],
  ['RUN ["\\u0022\\u005c\\u0001"]', { ...run(''), line: { form: 'exec', words: ['"\\\u0001'] } }],
  ['RUN ["\\\\u00e9"]', { ...run(''), line: { form: 'exec', words: ['\\u00e9'] } }],
  ['RUN --network=host --security=sandbox a', { ...run('a'), network: 'host' }],
  ["RUN --mount=target=/a\\ b'c d' x", { ...run('x'), mounts: ['target=/a bc d'] }],
  ['RUN --mount="target=/\'a\'" x', { ...run('x'), mounts: ["target=/'a'"] }],
  ['RUN --network=none --', { ...run(''), network: 'none' }],
  ['RUN - a', run('- a')],
  ['RUN <<E cat\n1\nE', run('<<E cat\n1\nE')],
  ['RUN <<-E\n\t#!/bin/x\n\tE', run('#!/bin/x\n')],
  ['COPY --chown= --from= a b', { ...copy, sources: ['a'], destination: 'b' }],
  ['COPY --link=FALSE --parents=True a b', { ...copy, sources: ['a'], destination: 'b', parents: true }],
  ['ENV a=1\\', { is: 'env', pairs: [{ key: 'a', value: '1' }] }],
  ['ENV a=1 \\', { is: 'env', pairs: [{ key: 'a', value: '1' }] }],
  [
    'ENV a="1\\" 2" b=\'3\\\' c=\\"4',
    {
      is: 'env',
      pairs: [
        { key: 'a', value: '"1\\" 2"' },
        { key: 'b', value: "'3\\'" },
        { key: 'c', value: '\\"4' },
      ],
    },
  ],
  ['CMD', { is: 'cmd', line: { form: 'shell', line: '' } }],
  ['CMD []', { is: 'cmd', line: { form: 'exec', words: [] } }],
  ['ENTRYPOINT exec "a"', { is: 'entrypoint', line: { form: 'shell', line: 'exec "a"' } }],
  ['COPY a b /c/', { ...copy, sources: ['a', 'b'], destination: '/c/' }],
  ['COPY ["a b", "c"]', { ...copy, sources: ['a b'], destination: 'c' }],
  [
    'COPY --from=0 --chown=a:b --chmod=755 --link --parents=true --exclude=x --exclude=y a b',
    {
      ...copy,
      sources: ['a'],
      destination: 'b',
      from: '0',
      chown: 'a:b',
      chmod: '755',
      link: true,
      parents: true,
      exclude: ['x', 'y'],
    },
  ],
  [
    'COPY <<A a <<"B" c\n1\nA\n2$x\nB',
    {
      ...copy,
      sources: ['a'],
      destination: 'c',
      inline: [
        { name: 'A', content: '1\n', expand: true },
        { name: 'B', content: '2$x\n', expand: false },
      ],
    },
  ],
  [
    'ADD --checksum=sha256:0 --keep-git-dir=false --unpack a b',
    {
      is: 'add',
      sources: ['a'],
      inline: [],
      destination: 'b',
      link: false,
      exclude: [],
      checksum: 'sha256:0',
      keepGitDir: false,
      unpack: true,
    },
  ],
  [
    'ENV a=1 "b c"=\'d e\' f=g\\ h i=',
    {
      is: 'env',
      pairs: [
        { key: 'a', value: '1' },
        { key: '"b c"', value: "'d e'" },
        { key: 'f', value: 'g\\ h' },
        { key: 'i', value: '' },
      ],
    },
  ],
  ['ENV a  the  "rest" = 1 ', { is: 'env', pairs: [{ key: 'a', value: 'the  "rest" = 1' }] }],
  ['LABEL a b=c', { is: 'label', pairs: [{ key: 'a', value: 'b=c' }] }],
  [
    'ARG a b= c="d e"',
    { is: 'arg', args: [{ key: 'a' }, { key: 'b', value: '' }, { key: 'c', value: '"d e"' }] },
  ],
  ['ARG --b c', { is: 'arg', args: [{ key: 'c' }] }],
  ['ONBUILD RNU a', { is: 'onbuild', trigger: 'RNU a' }],
  ['EXPOSE 80 443/tcp 8000-8010', { is: 'expose', ports: ['443/tcp', '80', '8000-8010'] }],
  ['VOLUME /a  /b', { is: 'volume', paths: ['/a', '/b'] }],
  ['VOLUME ["/a b "]', { is: 'volume', paths: ['/a b'] }],
  ['USER a b', { is: 'user', word: 'a b' }],
  ['WORKDIR "/a b"', { is: 'workdir', word: '"/a b"' }],
  ['MAINTAINER A <b@c>', { is: 'maintainer', word: 'A <b@c>' }],
  ['STOPSIGNAL 9', { is: 'stopsignal', word: '9' }],
  ['SHELL ["/bin/bash", "-c"]', { is: 'shell', words: ['/bin/bash', '-c'] }],
  ['ONBUILD  RUN  a', { is: 'onbuild', trigger: 'RUN  a' }],
  ['ONBUILD COPY <<A b\n1\nA', { is: 'onbuild', trigger: 'COPY <<A b\n1\nA' }],
  [
    'HEALTHCHECK --interval=1ms --timeout=2s --start-period=3m --start-interval=4h --retries=+999999999 CMD a',
    {
      is: 'healthcheck',
      probe: {
        interval: 1e6,
        timeout: 2e9,
        startPeriod: 180e9,
        startInterval: 14_400e9,
        retries: 999_999_999,
        line: { form: 'shell', line: 'a' },
      },
    },
  ],
  [
    'HEALTHCHECK --interval=0s --timeout= --retries= CMD a',
    { is: 'healthcheck', probe: { ...probe, line: { form: 'shell', line: 'a' } } },
  ],
  [
    'HEALTHCHECK --interval=1m --retries=3 CMD ["a"]',
    {
      is: 'healthcheck',
      probe: { ...probe, interval: 60e9, retries: 3, line: { form: 'exec', words: ['a'] } },
    },
  ],
  ['HEALTHCHECK cmd a b', { is: 'healthcheck', probe: { ...probe, line: { form: 'shell', line: 'a b' } } }],
  ['HEALTHCHECK none', { is: 'healthcheck', probe: undefined }],
] as const)
  test(`${JSON.stringify(text)} says what it says`, () => assert.deepEqual(said(text), wanted));

test('stages have their names, bases and platforms, arguments before the first are for them', () => {
  const text = 'ARG V=1\nFROM a:$V AS Base\nUSER x\nFROM --platform=$P base\n';
  const { metaArgs, stages } = parseDockerfile(text, 'D');
  assert.deepEqual(metaArgs.map(bare), [{ is: 'arg', args: [{ key: 'V', value: '1' }] }]);
  assert.deepEqual(
    stages.map(({ index, name, base, platform, from, instructions }) => [
      index,
      name,
      base,
      platform,
      from.position.line,
      instructions.length,
    ]),
    [
      [0, 'base', 'a:$V', undefined, 2, 1],
      [1, undefined, 'base', '$P', 4, 0],
    ],
  );
});

test('directives stand on top only, after a byte order mark too', () => {
  const read = (text: string) => parseDockerfile(text, 'D').directives;
  assert.deepEqual(read('\xef\xbb\xbf#syntax = a/b:1 \r\n# ESCAPE=`\n# check=skip=all\nFROM a'), {
    escape: '`',
    syntax: 'a/b:1',
    check: 'skip=all',
  });
  for (const before of ['# a comment\n', '\n', '# other=1\n', 'ARG a\n'])
    assert.deepEqual(read(`${before}# escape=\`\nFROM a`), { escape: '\\' });
});

test('another escape continues lines, and the backslash no longer does', () => {
  const { stages } = parseDockerfile('# escape=`\nFROM a\nWORKDIR c:\\\nRUN a `\n b', 'D');
  assert.deepEqual(stages[0]?.instructions.map(bare), [{ is: 'workdir', word: 'c:\\' }, run('a  b')]);
});

test('names and contents are bytes, in words and in JSON', () => {
  assert.deepEqual(said('COPY \xff\xa0 ["x'), [
    { ...copy, sources: ['\xff\xa0', '["x'].slice(0, 1), destination: '["x' },
  ]);
  assert.deepEqual(said('COPY ["\xff\x85", "/x"]'), [{ ...copy, sources: ['\xff\x85'], destination: '/x' }]);
  assert.deepEqual(said('COPY <<E /x\n\xff\x00\xa0\nE'), [
    {
      ...copy,
      sources: [],
      destination: '/x',
      inline: [{ name: 'E', content: '\xff\x00\xa0\n', expand: true }],
    },
  ]);
});

test('a trigger is one instruction that may be one', () => {
  assert.deepEqual(
    parseTriggers(['RUN a', 'COPY <<A b\n1\nA']).map(({ is }) => is),
    ['run', 'copy'],
  );
  for (const text of ['', 'FROM a', 'ONBUILD RUN a', 'MAINTAINER a', 'RUN a\nRUN b', 'RNU a'])
    assert.throws(() => parseTriggers([text]), { name: 'InvalidArgument' });
});

test('instructions outside of a file need no stage, and only those are read that may be', () => {
  const read = (text: string, check = (_keyword: string): void => undefined) =>
    parseInstructions(text, check).instructions.map(({ is }) => is);
  assert.deepEqual(read('# x\nENV a=b\nCMD c'), ['env', 'cmd']);
  assert.throws(() => read('FROM a'), { name: 'InvalidArgument' });
  assert.throws(() => read('Env', (keyword) => assert.fail(keyword)), { message: 'Env' });
  assert.equal(parseInstructions('# escape=`\nENV a=b', () => undefined).escape, '`');
});

test('whatever a file has, it is read or refused', () => {
  const token = fc.constantFrom(
    ...'RUN COPY ADD ENV ARG FROM LABEL HEALTHCHECK ONBUILD SHELL CMD EXPOSE'.split(' '),
    ...[
      '\n',
      ' ',
      '\\',
      '`',
      '"',
      "'",
      '<<',
      'EOF',
      '#',
      '=',
      '--',
      '[',
      ']',
      ',',
      '$((',
      '\xff',
      '\xc2\xa0',
      '\r',
      '\t',
      'escape',
      'x',
    ],
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 40 }), (tokens) => {
      try {
        parseDockerfile(`FROM a\n${tokens.join('')}`, 'D');
        parseDockerfile(tokens.join(''), 'D');
      } catch (error) {
        assert.equal((error as Error).name, 'InvalidArgument', String((error as Error).stack));
      }
    }),
    { numRuns: 2000 },
  );
});

test('what is printed is read back', () => {
  const word = fc.stringMatching(/^[a-z0-9/._-]{1,8}$/);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(word, fc.array(word, { minLength: 1, maxLength: 3 }), word), { maxLength: 5 }),
      (copies) => {
        const text = copies.map(
          ([from, sources, to]) => `COPY \\\n # c\n --from=${from} ${JSON.stringify([...sources, to])}`,
        );
        assert.deepEqual(
          said(text.join('\n')),
          copies.map(([from, sources, destination]) => ({ ...copy, from, sources, destination })),
        );
      },
    ),
  );
});

test('a Dockerfile of a thousand instructions is read, of more it is refused where the next one stands', () => {
  const most = `FROM a\n${'ENV a=b\n'.repeat(999)}`;
  assert.equal(parseDockerfile(most, 'Dockerfile').stages[0]?.instructions.length, 999);
  assert.throws(
    () => parseDockerfile(`${most}RUN x\n`, 'Dockerfile'),
    /line 1001: more than 1000 instructions/,
  );
});
