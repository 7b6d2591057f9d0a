/** What `gantry install` and `gantry uninstall` do, as lists of steps. Pure: what the machine has is told to them. */
import { createHash } from 'node:crypto';
import { InvalidArgument } from '../../base/errors.ts';

/** One thing to do. */
export type Step =
  | { readonly is: 'write'; readonly path: string; readonly text: string }
  | { readonly is: 'remove'; readonly path: string }
  /** Only when it is empty. */
  | { readonly is: 'remove-directory'; readonly path: string }
  /** `mayFail`: its failure is told, and the rest is done all the same. */
  | { readonly is: 'run'; readonly argv: readonly string[]; readonly mayFail: boolean };

/** What an installation made, so that uninstall takes back just that. */
export interface InstallRecord {
  /** Path → SHA-256 of what was written there. */
  readonly files: Readonly<Record<string, string>>;
  /** The group that was made; null: it was there. */
  readonly group: string | null;
}

/** What was found on this machine. */
export interface Found {
  /** The record of an earlier installation. */
  readonly record: InstallRecord | undefined;
  /** The present text of each unit's path that exists. */
  readonly texts: ReadonlyMap<string, string>;
  readonly groupExists: boolean;
  /** Somebody else uses the group: it has members, or Docker's socket is there. */
  readonly groupUsed: boolean;
}

export const RECORD = '/etc/gantry/installed.json';
export const UNITS = '/etc/systemd/system';
export const GROUP = 'docker';
const SERVICE = 'gantry.service';
const SOCKET = 'gantry.socket';

const run = (...argv: string[]): Step => ({ is: 'run', argv, mayFail: false });
const tryTo = (...argv: string[]): Step => ({ is: 'run', argv, mayFail: true });

/** What stands in a record for a file's text. */
export const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The units of contrib/systemd for this program and this socket. On another socket than Docker's nothing conflicts.
 * @throws InvalidArgument for paths that a unit cannot name
 */
export function unitsFor(
  contributed: { readonly service: string; readonly socket: string },
  program: string,
  socket: string,
): ReadonlyMap<string, string> {
  for (const path of [program, socket])
    if (!/^\/[\w./@+~-]+$/.test(path))
      throw new InvalidArgument(`${path}: a unit cannot name this path; letters, digits and ./@+~_- will do`);
  const isDockers = ['/run/docker.sock', '/var/run/docker.sock'].includes(socket);
  const settle = (text: string): string => {
    const settled = text
      .replaceAll('/usr/local/bin/gantry', program)
      .replace(/^ListenStream=.*$/m, `ListenStream=${socket.replace(/^\/var\/run\//, '/run/')}`);
    return isDockers ? settled : settled.replace(/^(# Both would listen.*\n)?Conflicts=.*\n/gm, '');
  };
  return new Map([
    [`${UNITS}/${SERVICE}`, settle(contributed.service)],
    [`${UNITS}/${SOCKET}`, settle(contributed.socket)],
  ]);
}

/** @throws InvalidArgument when a unit is there that no installation of ours made */
export function planInstall(units: ReadonlyMap<string, string>, found: Found): readonly Step[] {
  for (const [path, present] of found.texts)
    if (present !== units.get(path) && found.record?.files[path] !== sumOf(present))
      throw new InvalidArgument(`${path} was not made by gantry install, or was changed: move it away first`);
  const changed = [...units].filter(([path, text]) => found.texts.get(path) !== text);
  const record: InstallRecord = {
    files: Object.fromEntries([...units].map(([path, text]) => [path, sumOf(text)])),
    group: found.record?.group ?? (found.groupExists ? null : GROUP),
  };
  const recorded = `${JSON.stringify(record, null, 2)}\n`;
  const isAnew = found.record === undefined || changed.length > 0;
  return [
    // First, so that whatever is half done can be taken back.
    ...(isAnew ? [{ is: 'write', path: RECORD, text: recorded } as const] : []),
    ...(found.groupExists ? [] : [run('groupadd', '--system', GROUP)]),
    ...changed.map(([path, text]) => ({ is: 'write', path, text }) as const),
    run('systemctl', 'daemon-reload'),
    run('systemctl', 'enable', '--quiet', SOCKET, SERVICE),
    // A socket that listens elsewhere than before is opened anew, which wants its service stopped.
    ...(found.record !== undefined && changed.length > 0 ? [run('systemctl', 'stop', SERVICE, SOCKET)] : []),
    run('systemctl', 'start', SOCKET, SERVICE),
  ];
}

/** `program` stops the containers while there is an engine to do it. @throws InvalidArgument when nothing is installed */
export function planUninstall(found: Found, program: string): readonly Step[] {
  const { record, texts } = found;
  if (record === undefined)
    throw new InvalidArgument(`nothing to take back: there is no ${RECORD}, which gantry install writes`);
  const ours = Object.entries(record.files).filter(([path, sum]) => {
    const text = texts.get(path);
    return text !== undefined && sumOf(text) === sum;
  });
  const socket = /^ListenStream=(.*)$/m.exec(texts.get(`${UNITS}/${SOCKET}`) ?? '')?.[1];
  return [
    ...(socket === undefined ? [] : [tryTo(program, 'stop-all', '-H', `unix://${socket}`)]),
    tryTo('systemctl', 'disable', '--quiet', '--now', SERVICE, SOCKET),
    ...ours.map(([path]) => ({ is: 'remove', path }) as const),
    run('systemctl', 'daemon-reload'),
    ...(record.group !== null && found.groupExists && !found.groupUsed
      ? [tryTo('groupdel', record.group)]
      : []),
    { is: 'remove', path: RECORD },
    { is: 'remove-directory', path: '/etc/gantry' },
  ];
}

/** A step in words, for `--dry-run` and for who watches. */
export function tell(step: Step): string {
  switch (step.is) {
    case 'write':
      return `write ${step.path}`;
    case 'remove':
      return `remove ${step.path}`;
    case 'remove-directory':
      return `remove ${step.path}, if it is empty`;
    case 'run':
      return `run ${step.argv.join(' ')}`;
    default:
      return step satisfies never;
  }
}
