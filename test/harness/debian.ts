/** Debian's smallest root file system, made of its packages, and what else it takes to install more of them without a network. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { rootfsOf } from '../../src/cli/rootfs.ts';
import { CACHE } from './image.ts';

/** A tar of a release, 170 MB; the host's own, when none is named. Made once: that takes half a minute. */
export async function debianRootfs(suite?: string): Promise<string> {
  const rootfs = rootfsOf('debian', suite === undefined ? {} : { suite });
  const file = join(CACHE, `${rootfs.name.replace(':', '-')}.tar`);
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  const dir = mkdtempSync(join(CACHE, '.make-'));
  try {
    await using source = await rootfs.open();
    await pipeline(source.archive, createWriteStream(join(dir, 'tar')));
    await source.finished;
    renameSync(join(dir, 'tar'), file);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return file;
}

/** A tar of a release with packages in it, for releases that the host's apt knows nothing of. Made once. */
export async function debianWith(suite: string, names: readonly string[]): Promise<string> {
  const key = createHash('sha256').update(names.join(' ')).digest('hex').slice(0, 12);
  const file = join(CACHE, `debian-${suite}-${key}.tar`);
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  const dir = mkdtempSync(join(CACHE, '.make-'));
  try {
    const argv = ['--quiet', '--variant=minbase', '--format=tar', `--include=${names.join(',')}`, suite];
    execFileSync('mmdebstrap', [...argv, join(dir, 'tar')], { stdio: ['ignore', 'ignore', 'pipe'] });
    renameSync(join(dir, 'tar'), file);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return file;
}

const APT_OUTPUT_BYTES_MAX = 64 << 20;

/** A directory with the .deb files of these packages and of all they need beyond {@link debianRootfs}. Downloaded once. */
export async function debianPackages(names: readonly string[]): Promise<string> {
  const rootfs = await debianRootfs();
  const key = createHash('sha256').update(names.join(' ')).digest('hex').slice(0, 12);
  const directory = join(CACHE, `packages-${key}`);
  if (existsSync(directory)) return directory;
  const making = mkdtempSync(join(CACHE, '.make-'));
  try {
    const at = (name: string): string => join(making, name);
    mkdirSync(at('debs/partial'), { recursive: true });
    const status = execFileSync('tar', ['-xOf', rootfs, './var/lib/dpkg/status'], {
      maxBuffer: APT_OUTPUT_BYTES_MAX,
    });
    writeFileSync(at('status'), status);
    download(names, at('status'), at('debs'));
    rmSync(at('debs/partial'), { recursive: true });
    renameSync(at('debs'), directory);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return directory;
}

/** By the host's apt, which takes `status` for what is installed. Its lists may be missing or old: then they are fetched first. */
function download(names: readonly string[], status: string, into: string): void {
  const settings = {
    'Dir::State::status': status,
    'Dir::Cache::archives': into,
    'APT::Sandbox::User': 'root',
    'Debug::NoLocking': 'true',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const apt = (...argv: string[]): void =>
    void execFileSync('apt-get', [...options, '-qq', '--yes', ...argv], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  const fetch = (): void => apt('install', '--download-only', '--no-install-recommends', ...names);
  try {
    fetch();
  } catch {
    apt('update');
    fetch();
  }
}
