/** The common part of the engines: a daemon in private directories, an API on a socket, an image, and the end of it all. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, existsSync, fstatSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../src/base/errors.ts';
import * as linux from '../../src/linux/index.ts';
import { busyboxRootfs } from '../../test/harness/image.ts';
import { Api } from '../api.ts';
import { processesIn, removeCgroup } from '../cgroups.ts';
import { familyOf } from '../processes.ts';
import { type EnginePeer, NotHere } from './peer.ts';
import { daemonCpuMs, killDaemon, type Restarted, saidIn } from './restart.ts';

/** A daemon that loads for the first time, on a busy machine. */
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const POLL_MS = 25;
/** What is timed is looked for more often. */
const RESTART_POLL_MS = 2;
/** The name that every engine has the test image by. */
export const IMAGE = 'gantry-bench:latest';

/** How an engine is started. */
export interface EngineStart {
  readonly name: string;
  /** Everything of this engine lies below; the socket is `engine.sock` in it. */
  readonly directory: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** It has a network namespace of its own: bridges and rules of several engines are not in each other's way. */
  readonly ownNetwork: boolean;
  /** A cgroup that only this engine uses, removed at the end. */
  readonly cgroup?: string;
  /** A program that it starts beside itself, and that ends with it. */
  readonly companion?: string;
  /** What its log says when it has adopted what an earlier daemon left. Default: it does not answer before. */
  readonly recovered?: string;
}

/** Where an engine in that directory listens. */
export const socketOf = (directory: string): string => join(directory, 'engine.sock');

/** Starts a daemon, waits for its answer, and imports the test image. @throws NotHere when it does not come up */
export async function startEngine(start: EngineStart): Promise<EnginePeer> {
  mkdirSync(start.directory, { recursive: true });
  const logFile = join(start.directory, 'engine.log');
  const log = openSync(logFile, 'a');
  const [command, args] = start.ownNetwork
    ? inOwnNetwork(start.command, start.args)
    : [start.command, start.args];
  const launch = (): ChildProcess =>
    spawn(command, args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...start.env },
      detached: true, // an interrupt at the terminal is for us: we end the engine in order
    });
  let child = launch();
  const api = new Api(socketOf(start.directory));
  const close = (): Promise<void> => endEngine(start, child, api);
  try {
    await answering(api, child);
    const imported = await importImage(api);
    const { Version: version } = await api.json<{ Version: string }>('GET', '/version');
    const family = (): number[] => familyOf(child.pid ?? 0, start.directory);
    let lifeAt = 0;
    const restart = async (): Promise<Restarted> => {
      await killDaemon(child, start.companion);
      lifeAt = fstatSync(log).size;
      const began = performance.now();
      child = launch();
      await answering(api, child, RESTART_POLL_MS).catch((error: unknown) => {
        throw new Error(`${messageOf(error)}\n${lastWords(logFile)}`);
      });
      return { answerMs: performance.now() - began, cpuMs: daemonCpuMs(child.pid ?? 0) };
    };
    const recovered = async (): Promise<void> => {
      if (start.recovered !== undefined) await saidIn(logFile, start.recovered, lifeAt);
    };
    return {
      is: 'engine',
      name: start.name,
      version,
      api,
      host: `unix://${socketOf(start.directory)}`,
      image: imported,
      processes: family,
      restart,
      recovered,
      close,
    };
  } catch (error) {
    const words = lastWords(logFile);
    await close();
    throw new NotHere(`${messageOf(error)}\n${words}`);
  }
}

const LAST_WORDS_BYTES = 1500;
const lastWords = (logFile: string): string =>
  existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(-LAST_WORDS_BYTES) : '';

/** `unshare` becomes the engine: its process id is the engine's. */
const inOwnNetwork = (command: string, args: readonly string[]): [string, readonly string[]] => [
  'unshare',
  ['--net', 'sh', '-c', 'ip link set lo up; exec "$0" "$@"', command, ...args],
];

async function answering(api: Api, child: ChildProcess, pollMs = POLL_MS): Promise<void> {
  let failed: Error | undefined;
  child.once('error', (error) => {
    failed = error;
  });
  for (const end = Date.now() + START_TIMEOUT_MS; Date.now() < end; await sleep(pollMs)) {
    if (failed) throw failed;
    if (child.exitCode !== null) throw new Error(`ended with exit code ${child.exitCode}`);
    const answer = await api.call('GET', '/_ping').catch(() => undefined);
    if (answer) return;
  }
  throw new Error('does not answer');
}

async function importImage(api: Api): Promise<string> {
  const [repo, tag] = IMAGE.split(':');
  const answer = await api.call(
    'POST',
    `/images/create?fromSrc=-&repo=${repo}&tag=${tag}`,
    createReadStream(busyboxRootfs()),
  );
  const id = /"status":\s*"(sha256:[0-9a-f]{64})/.exec(answer.body.toString())?.[1];
  return id ?? IMAGE;
}

async function endEngine(start: EngineStart, child: ChildProcess, api: Api): Promise<void> {
  if (child.exitCode === null) await removeContainers(api).catch(() => undefined);
  api.close();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null && child.pid !== undefined) {
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }
  for (const pid of familyOf(child.pid ?? -1, start.directory)) killNow(pid);
  // Containers of an engine that did not come back from a restart.
  if (start.cgroup !== undefined) for (const pid of processesIn(start.cgroup)) killNow(pid);
  await sleep(POLL_MS);
  unmountBelow(start.directory);
  if (start.cgroup !== undefined) removeCgroup(start.cgroup);
  rmSync(start.directory, { recursive: true, force: true });
}

async function removeContainers(api: Api): Promise<void> {
  const all = await api.json<{ Id: string }[]>('GET', '/containers/json?all=true');
  for (const { Id } of all) {
    await api.call('POST', `/containers/${Id}/kill?signal=KILL`).catch(() => undefined); // it may have ended
    await api.call('DELETE', `/containers/${Id}?force=true`);
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

function unmountBelow(directory: string): void {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${directory}/`));
  for (const point of points.reverse()) linux.unmount(point, linux.MNT_DETACH);
}
