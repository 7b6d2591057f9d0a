/** Builds every room, wires them, serves, and closes them in reverse. The only place where rooms are built. */
import { existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createApi, type Listener } from '../api/http/index.ts';
import { messageOf } from '../base/errors.ts';
import { startPulse } from '../base/heartbeat.ts';
import { createLog, type Log } from '../base/log.ts';
import { TIMER_MS_MAX } from '../base/time.ts';
import { umask } from '../linux/index.ts';
import { checkHost, formatChecks } from './doctor.ts';
import { type Built, buildEngine } from './engine.ts';
import { findOnPath } from './find-on-path.ts';
import { formatHost } from './hosts.ts';
import { lockRoot, writePidFile } from './identity.ts';
import { IdleMemory } from './idle-memory.ts';
import { openHost, warnOfOpenDoors } from './listeners.ts';
import { notify } from './notify.ts';
import type { DaemonOptions } from './options.ts';
import { openTls, reload, type Tls } from './tls.ts';
import { checkDataRoot, openExecRoot, withIdMap } from './userns-remap.ts';

/** Runs the engine until it is told to stop. Resolves with the exit code: 0 after an orderly stop. */
export async function runDaemon(given: DaemonOptions): Promise<number> {
  const log = createLog(given.logLevel);
  let options: DaemonOptions;
  try {
    options = withIdMap(given, { make: true });
  } catch (error) {
    process.stderr.write(`gantry: ${messageOf(error).replaceAll('\n', ' ')}\n`);
    return 1;
  }
  if (given.usernsRemap !== undefined && options.idMap === undefined)
    log.warn('userns-remap.off', { reason: 'root cannot be remapped to itself' });
  const missing = checkHost(options).filter(({ state }) => state === 'missing');
  if (missing.length > 0) {
    process.stderr.write(`gantry: this host cannot run the engine:\n${formatChecks(missing)}\n`);
    return 1;
  }
  umask(0o022);
  const stop = Promise.withResolvers<string>();
  const hurry = new AbortController();
  try {
    checkDataRoot(options);
    lockRoot(options);
    writePidFile(options.pidFile);
    mkdirSync(options.execRoot, { recursive: true, mode: 0o710 });
    openExecRoot(options);
    // Before anything is built: a signal that comes now still ends in order. Who sends another waits for no request.
    const signals = ['SIGTERM', 'SIGINT'] as const;
    for (const name of signals) process.on(name, () => stop.resolve(name));
    void stop.promise.then(() => signals.forEach((name) => process.on(name, () => hurry.abort())));
    // The second would end the process where it does not open Node's inspector, which bin/gantry forbids.
    for (const name of ['SIGPIPE', 'SIGUSR1'] as const) process.on(name, () => undefined);
    process.on('uncaughtException', (error) =>
      log.error('bug.exception', { reason: messageOf(error), stack: error.stack }),
    );
    process.on('unhandledRejection', (error) =>
      log.error('bug.rejection', {
        reason: messageOf(error),
        stack: error instanceof Error ? error.stack : undefined,
      }),
    );
    // Before threads are made, of which one watches it; until the last of them has ended.
    using _pulse = startPulse(options.logLevel, log);
    const tls = await openTls(options.tls, log);
    process.on('SIGHUP', () => reload(tls, log));
    return await serve(options, tls, log, { stopped: stop.promise, hurry: hurry.signal });
  } catch (error) {
    process.stderr.write(`gantry: ${messageOf(error).replaceAll('\n', ' ')}\n`);
    log.debug('daemon.failed', { stack: error instanceof Error ? error.stack : undefined });
    return 1;
  }
}

async function serve(
  options: DaemonOptions,
  tls: Tls | undefined,
  log: Log,
  { stopped, hurry }: { readonly stopped: Promise<string>; readonly hurry: AbortSignal },
): Promise<number> {
  const began = performance.now();
  const built = await buildEngine(options, log);
  const api = createApi({
    engine: built.engine,
    log,
    version: built.version,
    openApi: options.openApi,
    browsers: { origins: options.apiOrigins, names: [...ownNames(), ...options.apiHosts] },
  });
  const listeners: Listener[] = [];
  let idleMemory: IdleMemory | undefined;
  try {
    for (const host of options.hosts) listeners.push(...(await openHost(api, host, options, tls?.secure)));
    built.openDoors.push(...warnOfOpenDoors(listeners, options.tls, log));
    built.begin();
    process.on('SIGHUP', () => built.reloaded()); // after the files were read again
    idleMemory = new IdleMemory();
    if (options.apiOrigins === '*')
      log.warn('api.openToAllPages', { advice: 'name the origins in --api-cors-header' });
    announce(options, began, log);
    const signal = await stopped;
    log.info('daemon.stopping', { signal });
    notify({ state: 'stopping' }, log);
  } finally {
    idleMemory?.stop();
    built.stop();
    await Promise.all(listeners.map((listener) => listener.close()));
    await api.close(options.shutdownTimeoutMs ?? TIMER_MS_MAX, hurry);
    await close(built, log);
    rmSync(options.pidFile, { force: true });
  }
  log.info('daemon.stopped');
  return 0;
}

/** The machine's name, whole and up to its first dot. */
function ownNames(): readonly string[] {
  const name = hostname();
  return [name, name.replace(/\..*/, '')];
}

/** What a person types to run this program: its name where that leads here, else the launcher's path. */
function ownCommand(): string {
  // In dist/ and in src/daemon/.
  const places = ['../bin/gantry', '../../bin/gantry'].map((path) => join(import.meta.dirname, path));
  const launcher = places.find((path) => existsSync(path));
  const isNamed = launcher === undefined || leadsTo(findOnPath('gantry'), launcher);
  return isNamed ? 'gantry' : launcher;
}

function leadsTo(name: string | undefined, file: string): boolean {
  try {
    return name !== undefined && realpathSync(name) === file;
  } catch {
    return false; // gone since it was found
  }
}

/** Where it listens, and three lines to try. */
function announce(options: DaemonOptions, began: number, log: Log): void {
  const hosts = options.hosts.map(formatHost);
  log.info('daemon.ready', { hosts, milliseconds: Math.round(performance.now() - began) });
  notify({ state: 'ready', status: `Listening on ${hosts.join(', ')}` }, log);
  const host = hosts[0] ?? '';
  process.stdout.write(
    `Gantry listens on ${hosts.join(', ')}\n\nTry, in another terminal:\n` +
      `  export DOCKER_HOST=${host}\n  ${ownCommand()} make-image busybox\n  docker run --rm busybox echo hello\n`,
  );
}

async function close(built: Built, log: Log): Promise<void> {
  try {
    await built.close();
  } catch (error) {
    log.error('daemon.close', { reason: messageOf(error) });
  }
}
