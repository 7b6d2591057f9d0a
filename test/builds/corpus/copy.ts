/** COPY from the context: what becomes what, with which mode, owner and time. */
import { bytesOf } from '../../../src/formats/byte-text.ts';
import { directory, file, link, type Member } from '../../harness/layered.ts';
import type { BuildCase } from '../build-case.ts';

/** Files and directories of several modes. */
const tree: readonly Member[] = [
  directory('d', 0o750),
  [{ path: 'd/one', mode: 0o640, mtimeNanos: 1_111_111_111_500_000_000n }, 'one'],
  [{ path: 'd/run', mode: 0o755 }, '#!'],
  directory('d/sub', 0o700),
  file('d/sub/two', 'two'),
  directory('d/empty', 0o711),
  file('top', 'top'),
  [{ path: 'suid', mode: 0o4755 }, 's'],
];

export const copy: readonly BuildCase[] = [
  {
    name: 'COPY: a file to names, into directories, beside the working directory',
    dockerfile: `FROM busybox
WORKDIR /w/x
COPY top /abs
COPY top rel
COPY top dir/
COPY top ./deep/er/name
COPY d/one d/run /both/
COPY ["top", "d/one", "with blank/"]
COPY top .
COPY top ../up
`,
    context: tree,
  },
  {
    name: 'COPY: directories are copied by what is in them',
    dockerfile: `FROM busybox
COPY d /new
COPY d/ /slash/
COPY d /etc
COPY d/sub/ top /mixed/
COPY . /all
COPY d/empty /made
COPY d/empty/ /made2/
`,
    context: tree,
  },
  {
    name: 'COPY: modes and times stay, owners become root’s',
    dockerfile: 'FROM busybox\nCOPY suid own sticky /m/\nCOPY sticky /s\n',
    context: [
      ...tree,
      [{ path: 'own', mode: 0o600, uid: 1000, gid: 1001 }, 'own'],
      directory('sticky', 0o1777),
      [{ path: 'sticky/setgid', type: 'directory', mode: 0o2775, mtimeNanos: 1_000_000_000_000_000_000n }],
      [{ path: 'sticky/setgid/f', mode: 0o2755, uid: 5 }, ''],
    ],
  },
  {
    name: 'COPY --chown: numbers, names, and what is made on the way',
    dockerfile: `FROM busybox
RUN echo 'app:x:1234:1235::/:/bin/sh' >> /etc/passwd && echo 'team:x:77:' >> /etc/group && echo 'app:x:1235:' >> /etc/group
COPY --chown=1:2 d /a/b/c
COPY --chown=app top /n/
COPY --chown=app:team top d/one /g/
COPY --chown=7 top /seven
COPY --chown=root:team d /etc/
ARG who=app
COPY --chown=$who:99 top /v
`,
    context: tree,
  },
  {
    name: 'COPY --chown of somebody unknown',
    dockerfile: 'FROM busybox\nCOPY --chown=nobody-knows top /x\n',
    context: tree,
    expect: 'refused',
  },
  {
    name: 'COPY: what is in the image already is replaced, directories stay',
    dockerfile: `FROM busybox
RUN mkdir -p /t/d/sub && chmod 777 /t/d && chown 9:9 /t/d/sub && echo old > /t/d/one && ln -s one /t/d/run
COPY d /t/d/
COPY top /t/d/one
COPY top /etc/passwd
`,
    context: tree,
  },
  {
    name: 'COPY: links in the image are followed, inside it',
    dockerfile: `FROM busybox
RUN mkdir /real && ln -s real /to && ln -s /real/made /tofile && ln -s ../../../../real /out && ln -s / /d
COPY top /to/
COPY top /to/x/y
COPY d /out/z/
COPY d/one /out
`,
    context: tree,
  },
  {
    name: 'COPY: a link of the context that is named is what it leads to, one below a directory is a link',
    dockerfile: `FROM busybox
COPY l /one
COPY l dl /in/
COPY links /links/
COPY dl/ /dir/
COPY links/abs* /pattern/
`,
    context: [
      ...tree,
      link('l', 'top'),
      link('dl', 'd'),
      directory('links'),
      link('links/rel', '../top'),
      link('links/abs', '/d/one'),
      link('links/gone', 'nowhere'),
      link('links/out', '../../../etc/passwd'),
    ],
  },
  {
    name: 'COPY: a link that leads out of the context is held inside',
    dockerfile: 'FROM busybox\nCOPY out /x\n',
    context: [link('out', '../../../../top'), file('top', 'inside')],
  },
  {
    name: 'COPY: a link to nowhere',
    dockerfile: 'FROM busybox\nCOPY gone /x\n',
    context: [link('gone', 'nowhere')],
    expect: 'refused',
  },
  {
    name: 'COPY: patterns',
    dockerfile: `FROM busybox
COPY *.txt /a/
COPY d?/f* /b/
COPY d[12]/[!g]* /c/
COPY d1/\\*x /d/
COPY d* /e/
COPY */f1 /f/
COPY ["d[^2]/g", "/h/"]
COPY no* a.txt /i/
`,
    context: [
      file('a.txt', 'a'),
      file('b.txt', 'b'),
      file('.c.txt', 'c'),
      ...['d1', 'd2', 'd3'].flatMap((name) => [
        directory(name),
        file(`${name}/f1`, `${name}f1`),
        file(`${name}/g`, `${name}g`),
      ]),
      file('d1/*x', 'star'),
    ],
  },
  {
    name: 'COPY: hard links of the context become files or links alike',
    dockerfile: 'FROM busybox\nCOPY h /h/\n',
    context: [directory('h'), file('h/a', 'shared'), [{ path: 'h/b', type: 'hardlink', linkPath: 'h/a' }]],
  },
  {
    name: 'COPY: the Dockerfile itself, dot files, the parent that is the root',
    dockerfile: 'FROM busybox\nCOPY Dockerfile .hidden /x/\nCOPY /top ./d/../top2 /y/\n',
    context: [file('.hidden', 'h'), file('top', 't'), file('top2', '2'), directory('d')],
  },
  {
    name: 'COPY into an empty image',
    dockerfile: 'FROM scratch\nCOPY d /\nCOPY top /bin/\nWORKDIR /x/y\nCOPY top .\n',
    context: tree,
  },
  {
    name: 'COPY: members of the archive that came without their directories',
    dockerfile: 'FROM busybox\nCOPY a /x\n',
    context: [file('a/b/c', 'deep'), file('./a/./d', 'dot'), file('/a/e', 'slash')],
    expect: {
      differs: ['- layer 1 "x/b" directory 755 0:0 new', '+ layer 1 "x/b" directory 755 0:0 at 0'],
      why: 'a directory that the archive does not have has no time: the same archive gives the same layer',
    },
  },
  {
    name: 'COPY: several to what is no directory',
    dockerfile: 'FROM busybox\nCOPY top suid /x\n',
    context: tree,
    expect: 'refused',
  },
  {
    name: 'COPY: a directory onto a file',
    dockerfile: 'FROM busybox\nCOPY d /etc/passwd\n',
    context: tree,
    expect: {
      refused: [
        /^ failed to copy files: failed to copy directory: mkdir .*\/etc\/passwd: not a directory$/,
        ' mkdir /etc/passwd: ENOTDIR',
      ],
    },
  },
  { name: 'COPY of nothing', dockerfile: 'FROM busybox\nCOPY nothing /x\n', expect: 'refused' },
  { name: 'COPY of a pattern without matches', dockerfile: 'FROM busybox\nCOPY no* /x\n', expect: 'refused' },
  { name: 'COPY of what is outside', dockerfile: 'FROM busybox\nCOPY ../x /x\n', expect: 'refused' },
  { name: 'COPY with one word', dockerfile: 'FROM busybox\nCOPY x\n', expect: 'refused' },
  {
    name: 'COPY of a web address',
    dockerfile: 'FROM busybox\nCOPY http://x.invalid/f /x\n',
    expect: 'refused',
  },
  {
    name: 'COPY with an unknown flag',
    dockerfile: 'FROM busybox\nCOPY --chwn=1 a /x\n',
    expect: {
      refused: [
        '400 dockerfile parse error line 2: Unknown flag: chwn',
        '400 dockerfile parse error line 2: Unknown flag: chwn (did you mean chown?)',
      ],
    },
  },
  {
    name: 'COPY of a name with a quote, which opens a word',
    dockerfile: 'FROM busybox\nCOPY ["quo\\"te", "/q/"]\n',
    context: [file('quo"te', 'q')],
    expect: 'refused',
  },
  {
    name: 'COPY: names in other scripts, blanks, quotes and bytes that are no text',
    dockerfile: Buffer.from(
      'FROM busybox\nCOPY ["two words", "/b/"]\nCOPY \xc3\xbcber /\xc3\xbc/\nCOPY raw /raw/\n',
      'latin1',
    ),
    context: [
      file('two words', '2'),
      file(bytesOf('über'), 'ü'),
      directory('raw'),
      file('raw/\xff\xfe', 'bytes'),
      file(bytesOf('raw/日本'), 'j'),
      file('raw/new\nline', 'n'),
      file('raw/tab\tx', 't'),
      file('raw/back\\slash', 'b'),
    ],
  },
  {
    name: 'COPY: bytes that are no text, written in the Dockerfile',
    dockerfile: Buffer.from('FROM busybox\nCOPY bad\xff /bad\xfe\n', 'latin1'),
    context: [file('bad\xff', 'x')],
    expect: {
      alone: [/^layer 1 "bad\xfe" file 644 0:0 1 "x" at 1200000000$/],
      why: 'dockerd makes U+FFFD of such bytes, and finds no file of that name',
    },
  },
  {
    name: 'COPY: an empty file, a large one, long names and a deep path',
    dockerfile: 'FROM busybox\nCOPY x /x\n',
    context: [
      directory('x'),
      file('x/empty', ''),
      file('x/large', 'z'.repeat(300_000)),
      file(`x/${'n'.repeat(255)}`, 'long'),
      directory(`x/${'p'.repeat(120)}`),
      file(`x/${'p'.repeat(120)}/${'q'.repeat(120)}`, 'far'),
      [{ path: 'x/early', mtimeNanos: -5_000_000_000n }, 'before 1970'],
    ],
  },
  {
    name: 'COPY --chmod, --link and --exclude',
    dockerfile: `FROM busybox
COPY --chmod=751 --chown=3:4 top /m/
COPY --link d /l/
COPY --exclude=sub --exclude=one d /e/
`,
    context: tree,
    expect: {
      alone: [
        /^layer 1 "m" directory 755 3:4 new$/,
        /^layer 1 "m\/top" file 751 3:4 3 "top" at 1200000000$/,
        /^layer 2 "l\/sub\/two" file 644 0:0 3 "two"/,
        /^layer 3 "e\/run" file 755 0:0/,
      ],
      why: 'flags of BuildKit',
    },
  },
  {
    name: 'COPY --parents',
    dockerfile: 'FROM busybox\nCOPY --parents d/sub/two d/./run /p/\n',
    context: tree,
    expect: {
      alone: [/^layer 1 "p\/d\/sub\/two" file 644 0:0/, /^layer 1 "p\/run" file 755 0:0/],
      why: 'a flag of BuildKit',
    },
  },
];
