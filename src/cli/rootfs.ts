/** Root file systems made of Debian packages, as tar streams. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  cpSync,
  type Dirent,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { Failed, InvalidArgument } from '../base/errors.ts';
import { findOnPath } from '../daemon/options.ts';

/** A tar stream under way. `finished` settles when its maker has ended, and rejects when that failed. */
export interface Source extends AsyncDisposable {
  readonly archive: Readable;
  readonly finished: Promise<void>;
}

/** A root file system to be imported, and how to tell of it. */
export interface Rootfs {
  /** The image's default name. */
  readonly name: string;
  /** What happens now, for the person waiting. */
  readonly doing: string;
  readonly message: string;
  /** Dockerfile instructions that apply to the image. */
  readonly changes: readonly string[];
  open(): Promise<Source>;
}

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The root file system of that kind; `suite` and `mirror` are Debian's. */
export function rootfsOf(kind: 'debian' | 'busybox', options: { suite?: string; mirror?: string }): Rootfs {
  return kind === 'debian' ? debian(options) : busybox();
}

/** @throws Failed with the package to install */
function tool(name: string, debianPackage: string): string {
  const found = findOnPath(name);
  if (found === undefined) throw new Failed(`${name} is missing: apt-get install ${debianPackage}`);
  return found;
}

/** Starts a program that writes a tar to its stdout. Its stderr is the user's. */
function tarOf(file: string, argv: readonly string[], cleanup: () => void): Source {
  const child = spawn(file, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('error', (error) => reject(new Failed(`${file}: ${error.message}`, { cause: error })));
  child.once('close', (code, signal) =>
    code === 0 ? resolve() : reject(new Failed(`${file} failed (${signal ?? `exit code ${code}`})`)),
  );
  promise.catch(() => undefined); // whoever awaits `finished` hears of it
  const stop = async () => {
    child.kill();
    await promise.catch(() => undefined);
    cleanup();
  };
  return { archive: child.stdout, finished: promise, [Symbol.asyncDispose]: stop };
}

function debian(options: { suite?: string; mirror?: string }): Rootfs {
  const own = hostSuite();
  const suite = options.suite ?? own ?? 'stable';
  if (!/^[a-z][a-z0-9-]*$/.test(suite))
    throw new InvalidArgument(`suite ${suite}: not the name of a release`);
  const mirrors = options.mirror !== undefined ? [options.mirror] : suite === own ? hostSources(suite) : [];
  const mmdebstrap = tool('mmdebstrap', 'mmdebstrap');
  return {
    name: `debian:${suite}`,
    doing: `making Debian ${suite} from packages; this takes a minute`,
    message: `Debian ${suite}, minbase, made by mmdebstrap`,
    changes: [`ENV ${PATH}`, 'CMD ["bash"]'],
    open: async () =>
      tarOf(mmdebstrap, ['--quiet', '--variant=minbase', '--format=tar', suite, '-', ...mirrors], () => {}),
  };
}

/** The host's release when it is a Debian. */
function hostSuite(): string | undefined {
  const text = readFileSync('/etc/os-release', 'utf8');
  if (!/^ID="?debian"?$/m.test(text)) return undefined;
  return /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(text)?.[1];
}

/** The host's own lists of package sources that have this release's `main`; none: mmdebstrap's defaults apply. */
function hostSources(suite: string): string[] {
  const extra = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...readdirSync(extra)
      .filter((name) => /\.(list|sources)$/.test(name))
      .map((name) => join(extra, name)),
  ];
  return files.filter((file) => {
    try {
      const text = readFileSync(file, 'utf8').replace(/^\s*#.*$/gm, '');
      return new RegExp(`\\b${suite}\\b`).test(text) && /\bmain\b/.test(text);
    } catch {
      return false; // unreadable or gone: it cannot be of use
    }
  });
}

function busybox(): Rootfs {
  const program = tool('busybox', 'busybox-static');
  if (!isStatic(program))
    throw new Failed(`${program} needs shared libraries: apt-get install busybox-static`);
  const tar = tool('tar', 'tar');
  return {
    name: 'busybox:latest',
    doing: `packing ${program}`,
    message: 'busybox-static from Debian',
    changes: [`ENV ${PATH}`, 'CMD ["sh"]'],
    open: async () => {
      const dir = mkdtempSync(join(tmpdir(), 'gantry-busybox-'));
      fillBusyboxRoot(dir, program, await appletPaths(program));
      const argv = ['-C', dir, '--numeric-owner', '--owner=0', '--group=0', '--sort=name', '-cf', '-', '.'];
      return tarOf(tar, argv, () => rmSync(dir, { recursive: true, force: true }));
    },
  };
}

/** Whether a program runs without a loader: it has no PT_INTERP program header (elf(5), 64 bit little endian). */
export function isStatic(file: string): boolean {
  const PT_INTERP = 3;
  const fd = openSync(file, 'r');
  try {
    const head = Buffer.alloc(64);
    if (readSync(fd, head, 0, 64, 0) < 64 || head.readUInt32BE(0) !== 0x7f454c46) return false;
    const [size, count] = [head.readUInt16LE(54), head.readUInt16LE(56)];
    const headers = Buffer.alloc(size * count);
    readSync(fd, headers, 0, headers.length, Number(head.readBigUInt64LE(32)));
    return Array.from({ length: count }, (_, i) => headers.readUInt32LE(i * size)).every(
      (type) => type !== PT_INTERP,
    );
  } finally {
    closeSync(fd);
  }
}

/** `bin/sh`, `usr/bin/env`, …: where each of busybox's commands belongs. */
async function appletPaths(program: string): Promise<string[]> {
  const child = spawn(program, ['--list-full'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const text = await child.stdout.setEncoding('utf8').reduce((all: string, more: string) => all + more, '');
  return text.split('\n').filter((path) => path !== '' && path !== 'bin/busybox');
}

const ETC: Readonly<Record<string, string>> = {
  passwd:
    'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  group: 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nusers:x:100:\nnogroup:x:65534:\n',
  'nsswitch.conf': 'hosts: files dns\n',
};

const DIRECTORIES = [
  'bin',
  'dev',
  'etc',
  'home',
  'proc',
  'sbin',
  'sys',
  'usr/bin',
  'usr/sbin',
  'var',
] as const;
/** Everybody's, and root's alone. */
const SPECIAL: Readonly<Record<string, number>> = { tmp: 0o1777, 'var/tmp': 0o1777, root: 0o700 };

/** Lays a small root out below `dir`: busybox, a link for each of its commands, the files that every program expects. */
export function fillBusyboxRoot(dir: string, program: string, applets: readonly string[]): void {
  const within = applets.map((path) => dirname(path));
  for (const path of new Set([...DIRECTORIES, ...within, ...Object.keys(SPECIAL)]))
    mkdirSync(join(dir, path), { recursive: true });
  cpSync(program, join(dir, 'bin/busybox'), { dereference: true });
  for (const path of applets) symlinkSync('/bin/busybox', join(dir, path));
  for (const [name, text] of Object.entries(ETC)) writeFileSync(join(dir, 'etc', name), text);
  // Modes last and by chmod: what mkdir and open make depends on the caller's umask.
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8', withFileTypes: true }))
    if (!name.isSymbolicLink()) chmodSync(join(name.parentPath, name.name), modeOf(name));
  for (const [path, mode] of Object.entries(SPECIAL)) chmodSync(join(dir, path), mode);
  chmodSync(dir, 0o755);
}

const modeOf = (entry: Dirent): number => (entry.isDirectory() || entry.name === 'busybox' ? 0o755 : 0o644);
