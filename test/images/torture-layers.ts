/**
 * Layers with everything that an archive can say of a file, in every spelling that writers of tar have used. But for one
 * name twice, which dockerd refuses, as it does GNU's oldest form of sparse files: they are asked for.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TarEntry } from '../../src/formats/tar/entry.ts';
import { buildHeader } from '../../src/formats/tar/header.ts';
import { tarEntry, tarHeader, tarPadding } from '../../src/formats/tar/writer.ts';

type Attributes = Partial<Omit<TarEntry, 'path'>>;
const NOW = 1_700_000_000_000_000_000n;
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

function member(path: string, attributes: Attributes = {}, data: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(data);
  const entry = tarEntry({ mtimeNanos: NOW, ...attributes, path, size: bytes.length });
  return Buffer.concat([tarHeader(entry), bytes, tarPadding(bytes.length)]);
}
const directory = (path: string, attributes: Attributes = {}): Buffer =>
  member(`${path}/`, { type: 'directory', ...attributes });
const symlink = (path: string, linkPath: string, attributes: Attributes = {}): Buffer =>
  member(path, { type: 'symlink', mode: 0o777, linkPath, ...attributes });
const hardlink = (path: string, linkPath: string): Buffer => member(path, { type: 'hardlink', linkPath });
const end = (): Buffer => Buffer.alloc(1024);

/** A member in the form of GNU's tar before pax: names that are too long go before it as members of their own. */
function gnuLong(name: string, link: string): Buffer {
  const before = (typeFlag: string, body: string): Buffer => {
    const bytes = Buffer.from(`${body}\0`, 'latin1');
    return Buffer.concat([
      gnuHeader('././@LongLink', typeFlag, bytes.length, ''),
      bytes,
      tarPadding(bytes.length),
    ]);
  };
  return Buffer.concat([
    before('L', name),
    ...(link === '' ? [] : [before('K', link)]),
    gnuHeader(name, link === '' ? '0' : '2', 0, link),
  ]);
}

function gnuHeader(name: string, typeFlag: string, size: number, link: string): Buffer {
  return buildHeader({
    typeFlag,
    name: name.slice(0, 100),
    prefix: '',
    link: link.slice(0, 100),
    mode: 0o640,
    uid: 1,
    gid: 2,
    size,
    mtimeSeconds: 1_600_000_000,
    userName: '',
    groupName: '',
    major: 0,
    minor: 0,
  });
}

/** Sparse files as GNU's tar writes them, in its four forms. */
function sparse(scratch: string, oldest: boolean): Buffer {
  mkdirSync(join(scratch, 'sparse'), { recursive: true });
  for (const [form, parts] of [
    ['gnu', 40],
    ['0.0', 3],
    ['0.1', 3],
    ['1.0', 40],
  ] as const) {
    const file = join(scratch, 'sparse', form);
    writeFileSync(file, '');
    for (let i = 0; i < parts; i++) {
      writeFileSync(file, `part ${i}`, { flag: 'a' });
      truncateSync(file, (i + 1) << 16);
    }
  }
  writeFileSync(join(scratch, 'sparse/hole'), '');
  truncateSync(join(scratch, 'sparse/hole'), 1 << 20);
  const form = ['--numeric-owner', '--owner=7', '--group=8', '--mtime=@1500000000', '-b1', '-C', scratch];
  const made = (...argv: string[]): Buffer =>
    execFileSync('tar', [...form, ...argv, '-cf', '-'], { maxBuffer: 64 << 20 });
  const posix = (version: string): Buffer =>
    made(
      '-S',
      '--format=posix',
      `--sparse-version=${version}`,
      '--pax-option=delete=atime,delete=ctime',
      `sparse/${version}`,
    );
  return Buffer.concat(
    [
      made('--format=gnu', ...(oldest ? ['-S'] : []), 'sparse/gnu', 'sparse/hole'),
      posix('0.0'),
      posix('0.1'),
      posix('1.0'),
    ].map((archive) => archive.subarray(0, archive.length - 1024)),
  );
}

const modes = [0o0, 0o400, 0o777, 0o4755, 0o2755, 0o6711, 0o1777, 0o7777];
const times: readonly (readonly [string, bigint])[] = [
  ['epoch', 0n],
  ['nanos', NOW + 123_456_789n],
  ['one-nano', 1n],
  ['late', 4_102_444_800n * 1_000_000_000n],
];
const names = [
  ' leading',
  '-dash',
  'new\nline',
  'back\\slash',
  'tab\there',
  '..dots',
  'star*?[x]',
  'quote\'"',
  '%2e%2e',
  '~',
  '#',
  '.wx',
  latin1('ünïcødé ☃ 𝄞'),
];
const long = (letter: string): string => letter.repeat(200);

/** Files, links, devices; as they are made, nothing taken away. */
function first(scratch: string, oldestSparse: boolean): Buffer {
  return Buffer.concat([...named(), ...kinds(scratch, oldestSparse)]);
}

/** Modes, owners, times, names and links. */
function named(): Buffer[] {
  return [
    directory('t', { mode: 0o751, uid: 3, gid: 4, mtimeNanos: NOW + 1n }),
    ...modes.flatMap((mode) => [
      member(`t/mode-${mode.toString(8)}`, { mode, uid: 1000, gid: 2000 }, 'x'),
      directory(`t/dir-${mode.toString(8)}`, { mode, uid: 1000, gid: 2000 }),
    ]),
    ...[0, 65_534, 2_097_151, 2_097_152, 4_294_967_294].map((id) =>
      member(`t/owner-${id}`, { uid: id, gid: id }, 'x'),
    ),
    ...times.flatMap(([name, mtimeNanos]) => [
      member(`t/time-${name}`, { mtimeNanos }),
      directory(`t/time-dir-${name}`, { mtimeNanos }),
      symlink(`t/time-link-${name}`, 'nowhere', { mtimeNanos }),
    ]),
    ...names.map((name) => member(`t/${name}`, {}, name)),
    gnuLong('t/latin1-\xe4\xff\x80', ''),
    member(`t/${'n'.repeat(95)}`),
    member(`t/${'p'.repeat(255)}`, {}, 'longest name'),
    directory(`t/${long('d')}`),
    member(`t/${long('d')}/${long('e')}`, {}, 'pax'),
    gnuLong(`t/${long('d')}/${long('g')}`, ''),
    symlink('t/long-link', `/${long('a')}/${long('b')}/${long('c')}`),
    gnuLong('t/gnu-long-link', `${long('z')}/${long('y')}`),
    symlink('t/odd-link', latin1('ü\n ')),
    symlink('t/up', '../../../../etc/passwd'),
    symlink('t/self', 'self'),
    member('t/one', { mode: 0o600, uid: 9 }, 'linked'),
    hardlink('t/two', 't/one'),
    hardlink('t/three', 't/two'),
    hardlink('t/link-to-link', 't/up'),
  ];
}

/** Devices, attributes, sparse files, and what the second layer takes away. */
function kinds(scratch: string, oldestSparse: boolean): Buffer[] {
  return [
    member('t/null', { type: 'char', major: 1, minor: 3, mode: 0o666 }),
    hardlink('t/null-too', 't/null'),
    member('t/block', { type: 'block', major: 259, minor: 1_048_575, mode: 0o600 }),
    member('t/far', { type: 'char', major: 4095, minor: 256, mode: 0o600, uid: 5, gid: 6 }),
    member('t/fifo', { type: 'fifo', mode: 0o622, uid: 5 }),
    hardlink('t/fifo-too', 't/fifo'),
    member(
      't/capable',
      {
        mode: 0o755,
        xattrs: new Map([
          ['security.capability', Buffer.from('0100000200040000000000000000000000000000', 'hex')],
        ]),
      },
      'x',
    ),
    member(
      't/attributed',
      {
        xattrs: new Map([
          ['user.text', Buffer.from('a=b\n')],
          ['user.bytes', Buffer.from([0, 255, 10, 61])],
          ['user.empty', Buffer.alloc(0)],
        ]),
      },
      'x',
    ),
    directory('t/attributed-dir', { xattrs: new Map([['user.dir', Buffer.from('1')]]) }),
    member('t/listed', { mode: 0o640, xattrs: new Map([['trusted.own', Buffer.from('x')]]) }),
    member('t/large', {}, Buffer.alloc(3_000_001, 'large ')),
    member('./t/dotted', {}, 'x'),
    member('/t/rooted', {}, 'x'),
    directory('sparse'),
    sparse(scratch, oldestSparse),
    directory('w', { uid: 1 }),
    ...['gone', 'kept', 'again', 'file-to-dir', 'linked'].map((name) => member(`w/${name}`, {}, name)),
    hardlink('w/linked-too', 'w/linked'),
    ...['full', 'opaque', 'opaque-late', 'dir-to-file', 'dir-to-link', 'modes', 'gone-dir'].flatMap(
      (name) => [
        directory(`w/${name}`, { mode: 0o711 }),
        member(`w/${name}/inner`, {}, name),
        directory(`w/${name}/deep`),
        member(`w/${name}/deep/er`, {}, name),
      ],
    ),
    symlink('w/link-to-dir', 'full'),
  ];
}

/** Takes away, hides, and turns one kind into another. */
function second(): Buffer {
  return Buffer.concat([
    directory('w', { uid: 2, mtimeNanos: NOW + 5n }),
    member('w/.wh.gone'),
    member('w/.wh.gone-dir'),
    member('w/.wh.never-there'),
    member('w/.wh.again'),
    member('w/again', {}, 'back'),
    member('w/.wh.linked'),
    directory('w/file-to-dir'),
    member('w/file-to-dir/inner', {}, 'x'),
    member('w/dir-to-file', {}, 'x'),
    symlink('w/dir-to-link', 'full'),
    directory('w/link-to-dir', { mode: 0o700 }),
    member('w/link-to-dir/own', {}, 'not in full'),
    directory('w/opaque', { mode: 0o705 }),
    member('w/opaque/.wh..wh..opq'),
    member('w/opaque/new', {}, 'x'),
    directory('w/opaque-late'),
    member('w/opaque-late/new', {}, 'stays'),
    member('w/opaque-late/.wh..wh..opq'),
    directory('w/modes', { mode: 0o4750, uid: 11, gid: 12, mtimeNanos: NOW + 7n }),
    directory('t', { mode: 0o755 }),
    member('t/one', { mode: 0o755 }, 'no longer linked'),
    hardlink('t/one-more', 't/one'),
  ]);
}

/** What was taken away comes back. */
function third(): Buffer {
  return Buffer.concat([
    directory('w', { uid: 3 }),
    directory('w/gone-dir', { mode: 0o750 }),
    member('w/gone-dir/new', {}, 'nothing of the old'),
    member('w/gone', { type: 'fifo' }),
    directory('w/opaque'),
    member('w/opaque/inner', {}, 'a third'),
    directory('w/full'),
    member('w/full/.wh.deep'),
    member('w/.wh.dir-to-link'),
  ]);
}

/** Bottom first. `scratch`: a directory. `oldestSparse`: with GNU's oldest form of sparse files, else they are plain. */
export const tortureLayers = (scratch: string, oldestSparse: boolean): Buffer[] =>
  [first(scratch, oldestSparse), second(), third()].map((layer) => Buffer.concat([layer, end()]));
