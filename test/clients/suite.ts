/** A suite of tests that somebody else wrote for a client, in several releases. */
import { execFileSync, type SpawnOptions, spawn } from 'node:child_process';

/** A release of a client, and the version of the API that it speaks. */
export interface Release {
  readonly release: string;
  readonly api: string;
}

/** How one of its tests ended. */
export interface Outcome {
  readonly name: string;
  readonly is: 'passed' | 'failed' | 'skipped';
  /** The first line of what it said. */
  readonly why?: string;
}

/** What a run showed; `log` is all that was printed. */
export interface Run {
  readonly outcomes: readonly Outcome[];
  readonly log: string;
}

/** A client's suites. */
export interface Suite {
  readonly client: string;
  readonly versions: readonly Release[];
  /** Runs one release's tests against the engine at `host`; `work` is a directory of its own. */
  readonly run: (release: Release, host: string, work: string) => Promise<Run>;
}

/** A suite that hangs as a whole is ended; what it reported until then counts. */
const SUITE_TIMEOUT_MS = 9 * 60 * 1000;

/** The largest archive of a release; dockerode's has images in it. */
const ARCHIVE_BYTES_MAX = 1 << 28;

/** Puts the files of `release`, except those that are `left` out, into the directory `work`. */
export function checkOut(
  checkout: string,
  release: string,
  work: string,
  left: readonly string[] = [],
): void {
  const paths = ['.', ...left.map((path) => `:!${path}`)];
  const archive = execFileSync('git', ['-C', checkout, 'archive', release, '--', ...paths], {
    maxBuffer: ARCHIVE_BYTES_MAX,
  });
  execFileSync('tar', ['-xC', work], { input: archive });
}

/** Several tests know no other socket: they see the engine's there, in a mount namespace of their own. */
const AT_THE_USUAL_PLACE = 'mount -t tmpfs none /run && ln -s "$0" /run/docker.sock && exec "$@"';

/** Runs a suite's program and gives what it printed. Not synchronously: a registry beside it waits for its log to be read. */
export async function runProgram(
  host: string,
  program: string,
  argv: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env'>,
): Promise<string> {
  const socket = host.replace('unix://', '');
  const child = spawn('unshare', ['--mount', 'sh', '-c', AT_THE_USUAL_PLACE, socket, program, ...argv], {
    ...options,
    // What a suite leaves lying goes with its directory.
    env: { ...options.env, TMPDIR: String(options.cwd) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: SUITE_TIMEOUT_MS,
  });
  const texts = await Promise.all(
    [child.stdout, child.stderr].map(async (stream) => Buffer.concat(await stream.toArray())),
  );
  return texts.join('');
}
