/** ADD from the context: archives are unpacked, all else is copied. */
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { directory, file, link, tarOf } from '../../harness/layered.ts';
import type { BuildCase } from '../build-case.ts';

const TIME = 1_300_000_000_000_000_000n;
const archive = tarOf([
  [{ path: 'in/', type: 'directory', mode: 0o700, uid: 3, gid: 4, mtimeNanos: TIME }],
  [{ path: 'in/f', mode: 0o4711, uid: 1000, gid: 1001, mtimeNanos: TIME }, 'content'],
  [{ path: 'in/l', type: 'symlink', linkPath: '../../etc/passwd', mtimeNanos: TIME }],
  [
    {
      path: 'in/h',
      type: 'hardlink',
      linkPath: 'in/f',
      mode: 0o4711,
      uid: 1000,
      gid: 1001,
      mtimeNanos: TIME,
    },
  ],
  [{ path: './dot/x', mtimeNanos: TIME }, 'x'],
]);

export const add: readonly BuildCase[] = [
  {
    name: 'ADD: archives are unpacked with their owners, modes and times',
    dockerfile: `FROM busybox
WORKDIR /w
ADD a.tar /plain/
ADD a.tar.gz /packed
ADD a.tar .
ADD named-otherwise /o
ADD a.tar f /both/
`,
    context: [
      file('a.tar', archive),
      file('a.tar.gz', gzipSync(archive)),
      file('named-otherwise', archive),
      file('f', 'f'),
    ],
  },
  {
    name: 'ADD: what is no archive is copied, whatever its name',
    dockerfile: `FROM busybox
ADD fake.tar /f/
ADD lone.gz /l/
ADD br.tar.br /b/
ADD empty.tar /e/
ADD half.tar.gz /h
ADD d /d/
ADD l /link
`,
    context: [
      file('fake.tar', 'not an archive'),
      file('lone.gz', gzipSync('only text')),
      file('br.tar.br', brotliCompressSync(archive)),
      file('empty.tar', ''),
      file('half.tar.gz', gzipSync(archive).subarray(0, 30)),
      directory('d'),
      file('d/a.tar', archive),
      link('l', 'fake.tar'),
    ],
  },
  {
    name: 'ADD: an archive by a link is unpacked',
    dockerfile: 'FROM busybox\nADD l /x/\n',
    context: [link('l', 'a.tar'), file('a.tar', archive)],
  },
  {
    name: 'ADD: zstd',
    dockerfile: 'FROM busybox\nADD a.tar.zst /z/\n',
    context: [file('a.tar.zst', zstdCompressSync(tarOf([file('f', 'f')])))],
    expect: {
      alone: [/^layer 1 "z\/f" file 644 0:0 1 "f" at 0$/],
      why: 'dockerd 20.10 does not know zstd; later ones unpack it',
    },
  },
  {
    name: 'ADD --chown of an archive and of a file',
    dockerfile: 'FROM busybox\nADD --chown=9:8 a.tar /a/\nADD --chown=9:8 f /f/g\n',
    context: [file('a.tar', archive), file('f', 'f')],
  },
  {
    name: 'ADD: an archive over what is there',
    dockerfile: `FROM busybox
RUN mkdir -p /x/in /x/real && echo old > /x/in/f && chmod 777 /x && ln -s real /x/dot && mkdir /x/in/h
ADD a.tar /x
`,
    context: [file('a.tar', archive)],
  },
  {
    name: 'ADD: an archive onto a link that leads elsewhere',
    dockerfile: 'FROM busybox\nRUN mkdir -p /x /elsewhere && ln -s /elsewhere /x/dot\nADD a.tar /x\n',
    context: [file('a.tar', archive)],
    expect: {
      alone: [/^layer 2 "elsewhere\/x" file 644 0:0 1 "x" at 1300000000$/],
      why: 'dockerd takes the destination for the root while it unpacks, where the link leads nowhere',
    },
  },
  {
    name: 'ADD: a hard link of an archive with another mode and owner than its file',
    dockerfile: 'FROM busybox\nADD a.tar /x/\n',
    context: [
      file(
        'a.tar',
        tarOf([file('f', 'f'), [{ path: 'h', type: 'hardlink', linkPath: 'f', mode: 0o600, uid: 7 }]]),
      ),
    ],
    expect: {
      differs: ['- layer 1 "x/f" file 600 7:0 1 "f" at 0', '+ layer 1 "x/f" file 644 0:0 1 "f" at 0'],
      why: 'one file has one mode: that of its own header, as tar(1) has it',
    },
  },
  {
    name: 'ADD: an archive whose names lead out',
    dockerfile: 'FROM busybox\nADD a.tar /x/\n',
    context: [file('a.tar', tarOf([file('../../out', 'x')]))],
    expect: { refusedAlone: /name leaves the archive's root/, why: 'dockerd unpacks it as x/out' },
  },
  {
    name: 'ADD: an archive with a name that hides files',
    dockerfile: 'FROM busybox\nADD a.tar /etc/\n',
    context: [file('a.tar', tarOf([file('.wh.passwd', '')]))],
    expect: {
      refusedAlone: /names that begin with \.wh\. hide files in layers/,
      why: 'in dockerd’s image it hides /etc/passwd as soon as the image is pulled',
    },
  },
  { name: 'ADD of nothing', dockerfile: 'FROM busybox\nADD nothing /x\n', expect: 'refused' },
  { name: 'ADD --from', dockerfile: 'FROM busybox\nADD --from=busybox /bin /x\n', expect: 'refused' },
  {
    name: 'ADD --chmod, and --unpack=false',
    dockerfile: 'FROM busybox\nADD --chmod=700 f /f\nADD --unpack=false a.tar /t/\n',
    context: [file('a.tar', archive), file('f', 'f')],
    expect: {
      alone: [/^layer 1 "f" file 700 0:0 1 "f"/, /^layer 2 "t\/a.tar" file 644 0:0/],
      why: 'flags of BuildKit',
    },
  },
];
