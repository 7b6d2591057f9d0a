/** Where a container's output goes besides its log here: which file or daemon, and what is said with each line. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { asKind, EngineError, Failed, inContext, messageOf } from '../../../base/errors.ts';
import { shortId } from '../../../formats/digest.ts';
import { containerContext } from '../../../model/failures/container.ts';
import { logFailure } from '../../../model/failures/log.ts';
import type { LogOptionMap } from '../../../model/log-options.ts';
import { isBehind, type LogDelivery, type LogDrivers, type ShipTarget } from '../../../runtime/index.ts';
import { requireAnswers } from '../../answers.ts';
import type { Container } from '../container.ts';
import type { WithContainersRoot } from '../needs.ts';
import { attributesJson, extraAttributes, fileAttributes, type Logged, logTag } from './attributes.ts';
import { type LogFilesDeps, logDirectory, logSettings } from './files.ts';
import { type LogSettings, readLogSettings } from './settings.ts';

/** Where systemd's journal listens. */
const JOURNAL_SOCKET = '/run/systemd/journal/socket';
const DEFAULT_TAG = '{{.ID}}';

/** What is needed to carry logs to their drivers. */
export type LogDriverDeps = LogFilesDeps & {
  /** Carries logs to their drivers' files and daemons. */
  readonly logDrivers: LogDrivers;
};

/** The file of the json-file driver, where log shippers look for it. */
export const jsonFilePath = (deps: WithContainersRoot, id: string): string =>
  `${deps.containersRoot}/${id}/${id}-json.log`;

/** Undefined for drivers that keep the log here, or nowhere. @throws InvalidArgument for a tag or an expression that means nothing */
export async function shipTarget(
  deps: WithContainersRoot,
  logged: Logged,
  settings: LogSettings,
): Promise<ShipTarget | undefined> {
  const { driver, options, file, gelf, syslog } = settings;
  if (driver === 'json-file' && file)
    return {
      is: 'json-file',
      path: jsonFilePath(deps, logged.id),
      ...file,
      attributes: attributesJson(await fileAttributes(logged, options)),
    };
  if (driver === 'syslog' && syslog) {
    await extraAttributes(logged, options); // dockerd takes these options here too, and does nothing with them
    return { is: 'syslog', ...syslog, tag: logTag(logged, options, DEFAULT_TAG), hostname: hostname() };
  }
  if (gelf) return { is: 'gelf', ...gelf, hostname: hostname(), fields: await gelfFields(logged, options) };
  if (driver === 'journald')
    return { is: 'journald', socket: JOURNAL_SOCKET, fields: await journalFields(logged, settings) };
  return undefined;
}

async function journalFields(
  logged: Logged,
  { options }: LogSettings,
): Promise<(readonly [string, string])[]> {
  const { id, name, config } = logged;
  const tag = logTag(logged, options, DEFAULT_TAG);
  const own = new Map([
    ['CONTAINER_ID', shortId(id)],
    ['CONTAINER_ID_FULL', id],
    ['CONTAINER_NAME', name],
    ['CONTAINER_TAG', tag],
    ['IMAGE_NAME', config.Image ?? ''],
    ['SYSLOG_IDENTIFIER', tag],
    // Tells ordinals of this run of the driver from those of others.
    ['CONTAINER_LOG_EPOCH', randomBytes(32).toString('hex')],
  ]);
  for (const [key, value] of await extraAttributes(logged, options, journalName))
    if (key) own.set(key, value);
  return [...own];
}

async function gelfFields(logged: Logged, options: LogOptionMap): Promise<Record<string, string>> {
  const { id, name, config, imageId, path, args, created } = logged;
  const own = {
    _container_id: id,
    _container_name: name,
    _image_id: imageId,
    _image_name: config.Image ?? '',
    _command: [path, ...args].join(' '),
    _tag: logTag(logged, options, DEFAULT_TAG),
    _created: created,
  };
  const named = await extraAttributes(logged, options, (key) => (key.startsWith('_') ? key : `_${key}`));
  return { ...own, ...Object.fromEntries(named) };
}

/** The journal's fields have capital letters, digits and underscores, and begin with no underscore. */
const journalName = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9]/g, '_')
    .replace(/^_+/, '')
    .toUpperCase();

/** Begins to ship the log of a container that starts. @throws Failed when its driver cannot */
export async function startLogDelivery(deps: LogDriverDeps, container: Container): Promise<void> {
  await stopLogDelivery(container);
  try {
    const settings = readLogSettings(container.record.hostConfig.LogConfig);
    if (settings.driver === 'journald') requireJournal();
    const ranBefore = container.record.state.is !== 'created';
    container.logDelivery = await ship(
      deps,
      container,
      settings,
      () => ranBefore && isBehind(logDirectory(deps, container.id)),
    );
    await container.logDelivery?.opened;
  } catch (error) {
    await stopLogDelivery(container);
    throw cannotOpen(error);
  }
}

/** The driver's failure: nothing is wrong with the request that starts the container. */
function cannotOpen(error: unknown): unknown {
  const failed = error instanceof EngineError ? error : new Failed(messageOf(error), { cause: error });
  const isTold = failed.context.some(({ code }) => code === containerContext.openLog.code);
  return asKind(isTold ? failed : inContext(failed, containerContext.openLog()), 'internal');
}

/** Leaves the rest of the log for another time. */
export async function stopLogDelivery(container: Container): Promise<void> {
  const { logDelivery } = container;
  container.logDelivery = undefined;
  await logDelivery?.leave();
}

/** The run is over: resolves when all of its output is where its driver has it, or that takes too long. */
export async function finishLogDelivery(container: Container): Promise<void> {
  const { logDelivery } = container;
  container.logDelivery = undefined;
  await logDelivery?.finish();
}

/** Whether its log goes, or has gone, to a driver beside the engine's own segments. */
export const isShipped = ({ record }: Container): boolean =>
  record.state.is !== 'created' && !['local', 'none'].includes(record.hostConfig.LogConfig?.Type || 'local');

/** Goes on delivering the log of a container that runs already, or ends what was left of one that does not. */
export async function resumeLogDelivery(deps: LogDriverDeps, container: Container): Promise<void> {
  if (!isShipped(container)) return;
  const settings = logSettings(deps, container.record);
  if (settings === undefined) return;
  const behind = (): boolean => isBehind(logDirectory(deps, container.id));
  if (container.task === undefined && !behind()) return;
  try {
    const logDelivery = await ship(deps, container, settings, behind);
    container.logDelivery = logDelivery;
    if (container.task === undefined) void logDelivery?.finish();
  } catch (error) {
    deps.log.warn('log.shipping', { id: container.id, reason: messageOf(error) });
  }
}

/** `behind`: asked when the target is known, because what runs already writes meanwhile. */
async function ship(
  deps: LogDriverDeps,
  container: Container,
  settings: LogSettings,
  behind: () => boolean,
): Promise<LogDelivery | undefined> {
  const target = await shipTarget(deps, container.record, settings);
  if (target === undefined) return undefined;
  if (target.is === 'syslog' && 'path' in target.address) await requireAnswers([target.address.path]);
  const directory = logDirectory(deps, container.id);
  const dropBeyond = settings.isNonBlocking ? settings.bufferBytes : undefined;
  const writer = container.task?.writer ?? container.writer;
  return deps.logDrivers.ship({ directory, target, dropBeyond }, writer, behind());
}

/** @throws Failed on hosts without systemd */
function requireJournal(): void {
  if (!existsSync(JOURNAL_SOCKET)) throw logFailure.noJournal();
}
