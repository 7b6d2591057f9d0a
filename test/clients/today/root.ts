/** A root file system of Debian 13 with clients that this machine's release lacks, and programs run in it. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../../harness/image.ts';

const MIRROR = 'http://deb.debian.org/debian';
const RUN_TIMEOUT_MS = 5 * 60 * 1000;

/** A client's program, what it is told beside its arguments, and what it sees of the host. */
export interface Told {
  /** The engine's socket; it stands at /run/docker.sock. */
  readonly socket: string;
  /** Stands at /work, where the program starts. */
  readonly work: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** A directory with a Debian 13 that has `packages`. Made once, by mmdebstrap; with compilers it takes minutes. */
export function debian13With(packages: readonly string[]): string {
  const key = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 12);
  const root = join(CACHE, `debian13-${key}`);
  if (existsSync(root)) return root;
  mkdirSync(CACHE, { recursive: true });
  const making = mkdtempSync(join(CACHE, '.make-'));
  try {
    const argv = ['--variant=minbase', '--quiet', '--aptopt=APT::Install-Recommends "false"'];
    const { status } = spawnSync(
      'mmdebstrap',
      [...argv, `--include=${packages.join(',')}`, 'trixie', join(making, 'root'), MIRROR],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    if (status !== 0) throw new Error(`no Debian 13 with ${packages.join(', ')} can be made here`);
    renameSync(join(making, 'root'), root);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return root;
}

/** $1: the root, $2: the socket, $3: the directory; then the environment and the program. In a mount namespace of its own. */
const ENTER = `set -e
root=$1 socket=$2 work=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mkdir -p "$root/work"; : >"$root/run/docker.sock"
mount --bind "$socket" "$root/run/docker.sock"
mount --bind "$work" "$root/work"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot "$root" env -i "$@"`;

/** Runs a program in such a root and gives what it printed. */
export async function runIn(root: string, argv: readonly string[], told: Told): Promise<Ended> {
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/work',
    LANG: 'C.UTF-8',
    DOCKER_HOST: 'unix:///run/docker.sock',
    ...told.env,
  };
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const inWork = ['sh', '-c', 'cd /work && exec "$0" "$@"', ...argv];
  const child = spawn(
    'unshare',
    ['--mount', 'sh', '-c', ENTER, 'enter', root, told.socket, told.work, ...words, ...inWork],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_TIMEOUT_MS },
  );
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const texts = [child.stdout, child.stderr].map(async (stream) => Buffer.concat(await stream.toArray()));
  const output = (await Promise.all(texts)).join('');
  return { code: await ended, output };
}
