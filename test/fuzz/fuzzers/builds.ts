/** Dockerfiles, their words and mounts, and ignore files. */
import assert from 'node:assert/strict';
import { readAddress } from '../../../src/engine/builds/remote/address.ts';
import { type Expansion, ExpansionBudget } from '../../../src/formats/dockerfile/expansion.ts';
import { mountOf } from '../../../src/formats/dockerfile/mount.ts';
import { parseDockerfile, parseInstructions, parseTriggers } from '../../../src/formats/dockerfile/parse.ts';
import { expandContent, expandWord, expandWords } from '../../../src/formats/dockerfile/words.ts';
import { ignoreMatcher, readIgnoreFile } from '../../../src/formats/ignore-patterns.ts';
import { pathMatch } from '../../../src/formats/path-match.ts';
import { type Fuzzer, inputs, unlessRefused } from '../fuzzer.ts';

const dockerfile: Fuzzer = {
  name: 'Dockerfile',
  samples: inputs(
    '# syntax=docker/dockerfile:1\n# escape=`\nARG V=1\nFROM --platform=$P a:$V AS b\nRUN --mount=type=cache,target=/c `\n x && y\nCOPY --from=b --chown=1:2 "a b" /c/\n',
    'FROM scratch\nCOPY <<EOF <<-"B" /d/\none\nEOF\n\ttwo\n\tB\nHEALTHCHECK --interval=3s CMD ["a","b"]\nONBUILD ADD x /y\n',
    'FROM a\nENV a=b c="d e" f=$\u007bg:-h}\nLABEL a b c\nSHELL ["/x","-c"]\nEXPOSE 80/tcp 90-95/udp\nVOLUME ["/a"]\nSTOPSIGNAL 9\nUSER a\nWORKDIR /\n',
  ),
  words: [
    ...'RUN COPY ADD ENV ARG FROM LABEL HEALTHCHECK ONBUILD SHELL CMD EXPOSE VOLUME AS NONE'.split(' '),
    ...[
      '\n',
      ' ',
      '\\\n',
      '`\n',
      '"',
      "'",
      '<<EOF',
      '<<-E',
      '\nEOF\n',
      '#',
      '# escape=`\n',
      '=',
      '--',
      '[',
      ']',
      ',',
    ],
    ...[
      '$((',
      '\xff',
      '\xc2\xa0',
      '\r',
      '\t',
      '--mount=',
      '--from=',
      '\xef\xbb\xbf',
      '\\u0000',
      'check=skip=',
      '\0',
    ],
  ],
  check(input) {
    const text = input.toString('latin1');
    const files = [text, `FROM a\n${text}`].map((given) => unlessRefused(() => parseDockerfile(given, 'D')));
    // Each instruction takes a line at least.
    for (const file of files)
      assert.ok(
        (file?.stages ?? []).flatMap((stage) => stage.instructions).length <= text.split('\n').length,
      );
    unlessRefused(() => parseInstructions(text, () => undefined));
    unlessRefused(() => parseTriggers(text.split('\n').slice(0, 20)));
    return files[0] !== undefined;
  },
};

const VALUES: Readonly<Record<string, string>> = {
  x: 'abcabc',
  e: '',
  long: 'xy'.repeat(2000),
  p: '/a/b.c',
  s: '*?[',
};

const expansion = (): Expansion => ({
  env: (name) => (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined),
  escape: '\\',
  budget: new ExpansionBudget(),
});

const words: Fuzzer = {
  name: 'words with variables',
  samples: inputs(
    'a$x',
    '$\u007bx:-y$\u007be:+$p}}',
    '"$x" \'$x\' \\$x',
    '$\u007bx/a*/$p}',
    '$\u007bx##*a}',
    '$\u007blong%%x*y}',
  ),
  words: [
    '$x',
    '$\u007b',
    '}',
    ':-',
    ':+',
    ':?',
    '##',
    '%%',
    '//',
    '*',
    '?',
    '[',
    ']',
    '"',
    "'",
    '\\',
    '$long',
    '$\u007bs}',
    '`',
    '!',
  ],
  check(input) {
    const word = input.toString('latin1').slice(0, 4096);
    const outs = [expandWord, expandWords, expandContent].flatMap((expand) =>
      [false, true].map((toBeShown) => unlessRefused(() => expand(word, { ...expansion(), toBeShown }))),
    );
    // No more comes out than the word and what a build's budget lets variables bring in.
    for (const out of outs) assert.ok([out ?? ''].flat().join('').length <= word.length + (1 << 20) + 4096);
    return outs[0] !== undefined;
  },
};

const mounts: Fuzzer = {
  name: 'mounts of RUN',
  samples: inputs(
    'type=cache,target=/c,id=a,sharing=locked,mode=0755,uid=1',
    'type=bind,from=b,source=/a,rw',
    'type=secret,id=s,required,env=E',
    'type=tmpfs,size=64m,target=/t',
  ),
  words: [
    'type=',
    'target=',
    'bind',
    'cache',
    ',',
    '=',
    '"',
    '$x',
    'size=',
    '9'.repeat(30),
    'ro',
    'mode=',
    'ssh',
    '0x',
    '1e9',
  ],
  check(input) {
    const mount = unlessRefused(() => mountOf(input.toString('latin1'), (value) => value));
    for (const number of mount ? [mount.sizeBytes, mount.mode, mount.uid, mount.gid] : [])
      assert.ok(number === undefined || Number.isSafeInteger(number), `${number}`);
    return mount !== undefined;
  },
};

const PATHS = ['a', 'a/b', 'a/b/c.txt', '.git/x', `${'a/'.repeat(200)}a`, 'a'.repeat(255)];

const ignoreFile: Fuzzer = {
  name: 'ignore file',
  samples: inputs(
    '*.md\n!README.md\n**/node_modules\n',
    '# c\n/a/**/b?[x-z]\n!**\n',
    '\xef\xbb\xbf**/*.t*t\n\\#a\n',
  ),
  words: [
    '*',
    '**',
    '/',
    '!',
    '?',
    '[',
    ']',
    '^',
    '-',
    '\\',
    '\n',
    '#',
    'a',
    '..',
    '.',
    '**/',
    '\xff',
    '[!a]',
  ],
  check(input) {
    const patterns = readIgnoreFile(input.toString('latin1')).slice(0, 50);
    const matcher = unlessRefused(() => ignoreMatcher(patterns));
    if (matcher === undefined) return false;
    for (const path of PATHS) {
      const excluded = matcher.excludes(path);
      assert.equal(ignoreMatcher(patterns).excludes(path), excluded, 'the same twice');
      matcher.couldHaveExceptionsBelow(path);
    }
    return true;
  },
};

const pathPattern: Fuzzer = {
  name: 'pattern of a path',
  samples: inputs('a*b?c[x-z]', '\\*\\[', '[^a-c]*', '*'.repeat(50)),
  words: ['*', '?', '[', ']', '^', '-', '\\', 'a', '/', '[a-', '[^', '\xff'],
  check(input) {
    const pattern = input.toString('latin1').slice(0, 4096);
    return PATHS.every((path) => unlessRefused(() => pathMatch(pattern, path)) !== undefined);
  },
};

const remoteAddress: Fuzzer = {
  name: 'address of a context',
  samples: inputs(
    'https://user:pass@example.org/a/b.git#main:dir',
    'git@example.org:a/b.git#v1',
    'github.com/a/b',
    'ssh://git@h:22/x.git',
    'http://h/x.tar.gz?y=z',
  ),
  words: [
    'git://',
    'https://',
    '#',
    ':',
    '@',
    '/',
    '..',
    '-',
    '.git',
    '%2e',
    '\n',
    '\0',
    '--upload-pack=',
    'ext::',
    ' ',
  ],
  check(input) {
    const address = unlessRefused(() => readAddress(input.toString('latin1')));
    const said = address?.is === 'repository' ? [address.repository, address.ref, address.directory] : [];
    for (const word of said) assert.ok(!word?.startsWith('-'), `${word} looks like an option`);
    return address !== undefined;
  },
};

export const BUILDS: readonly Fuzzer[] = [dockerfile, words, mounts, ignoreFile, pathPattern, remoteAddress];
