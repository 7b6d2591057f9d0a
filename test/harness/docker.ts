/** Docker's own command lines, as users have them: the machine's, and Debian's from the peers' cache. */
import { execFile, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const ROOT = join(import.meta.dirname, '../..');
/** A hung command line fails its test instead of the whole run. */
const DOCKER_TIMEOUT_MS = 120_000;

/** How a command line ended, and what it printed. */
export interface Ran {
  /** 128 + signal when a signal ended it, as a shell says. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command line is run. */
export interface DockerOptions {
  readonly input?: string | Buffer | Readable;
  /** DOCKER_API_VERSION. */
  readonly version?: string;
  /** Path of the command line; the machine's own by default. */
  readonly cli?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** With Debian 13's buildx and Compose as its plugins, or sid's, and settings of their own: `docker build` is buildx then. */
  readonly plugins?: boolean | 'sid';
  /** Where it runs: Compose looks for its files there. */
  readonly cwd?: string;
}

/**
 * The cache of Debian's docker.io, containerd, runc and docker-registry, or of Debian 13's docker.io, buildx and Compose;
 * unpacked at the first call (twenty seconds).
 */
export function peersDirectory(release?: 13 | 'sid'): string {
  const argv = [join(ROOT, 'tools/peers.sh'), ...(release === undefined ? [] : [`${release}`])];
  return execFileSync('sh', argv, { encoding: 'utf8' }).trim();
}

/** Debian 13's command line (26.1). */
export const debian13Docker = (): string => join(peersDirectory(13), 'usr/bin/docker');

/** Debian's command line (20.10 on Debian 12). */
export const debianDocker = (): string => join(peersDirectory(), 'usr/bin/docker');

let machines: string | undefined;
/** The `docker` on the PATH, else Debian's. */
export function machineDocker(): string {
  machines ??= (process.env.PATH ?? '')
    .split(':')
    .map((directory) => join(directory, 'docker'))
    .find((file) => works(file));
  machines ??= debianDocker();
  return machines;
}

function works(file: string): boolean {
  try {
    execFileSync(file, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * A login of no registry: without any, the command line looks on the PATH for programs that keep logins, and those want a
 * desktop to be there.
 */
const KEPT_IN_THE_FILE = '{"auths":{"nobody.invalid":{}}}';

/** The environment of a command line that talks to `host` and knows nothing of its user's settings. */
export function dockerEnv(host: string, engineHome: string, options: DockerOptions = {}): NodeJS.ProcessEnv {
  const home = options.plugins
    ? homeWithPlugins(engineHome, options.plugins === 'sid' ? 'sid' : 13)
    : engineHome;
  const settings = join(home, 'config.json');
  if (existsSync(home) && !existsSync(settings)) writeFileSync(settings, KEPT_IN_THE_FILE);
  const version = options.version === undefined ? {} : { DOCKER_API_VERSION: options.version };
  return {
    PATH: process.env.PATH,
    HOME: home,
    DOCKER_CONFIG: home,
    DOCKER_HOST: host,
    ...version,
    ...options.env,
  };
}

/** Beside the one without: tests that build as before BuildKit share the engine. Buildx keeps its own files below it. */
function homeWithPlugins(home: string, release: 13 | 'sid'): string {
  const own = join(home, `with-plugins-${release}`);
  const plugins = join(own, 'cli-plugins');
  if (existsSync(plugins)) return own;
  mkdirSync(plugins, { recursive: true });
  for (const name of ['docker-buildx', 'docker-compose'] as const)
    symlinkSync(pluginAt(release, name), join(plugins, name));
  return own;
}

/** Debian's plugin of the command line. */
const pluginAt = (release: 13 | 'sid', name: 'docker-buildx' | 'docker-compose'): string =>
  join(peersDirectory(release), 'usr/libexec/docker/cli-plugins', name);

/** Runs it to its end. Never throws for an exit code. */
export function runDocker(
  host: string,
  home: string,
  argv: readonly string[],
  options: DockerOptions = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      options.cli ?? machineDocker(),
      argv,
      {
        env: dockerEnv(host, home, options),
        timeout: options.timeoutMs ?? DOCKER_TIMEOUT_MS,
        killSignal: 'SIGKILL',
        maxBuffer: 256 << 20,
        cwd: options.cwd,
      },
      (error, stdout, stderr) => {
        if (error?.killed)
          reject(new Error(`docker ${argv.join(' ')}: no end\n${stdout}${stderr}`, { cause: error }));
        else resolve({ code: child.exitCode ?? 137, stdout, stderr });
      },
    );
    const stdin = child.stdin!; // execFile always makes one
    if (options.input === undefined) stdin.end();
    else if (typeof options.input === 'string' || Buffer.isBuffer(options.input)) stdin.end(options.input);
    else pipeline(options.input, stdin).catch(() => undefined);
    stdin.on('error', () => undefined); // it may end without reading all
  });
}

/** Starts it, for tests that talk with it while it runs. */
export const spawnDocker = (
  host: string,
  home: string,
  argv: readonly string[],
  options: DockerOptions & { readonly stdio?: SpawnOptions['stdio'] } = {},
) =>
  spawn(options.cli ?? machineDocker(), argv, {
    env: dockerEnv(host, home, options),
    cwd: options.cwd,
    stdio: options.stdio ?? ['pipe', 'pipe', 'pipe'],
  });
