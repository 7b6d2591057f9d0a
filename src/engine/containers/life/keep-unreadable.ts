/** After a restart of the daemon, for containers whose records cannot be read: what runs goes on running. */
import { STORED_ROOT } from '../../../base/schema.ts';
import type { Endpoint } from '../../../network/index.ts';
import { DEFAULT_LIMITS, OutputWriter } from '../../../runtime/index.ts';
import type { SetAsideRow } from '../../../storage/index.ts';
import type {
  WithDirectory,
  WithLog,
  WithMountedVolumes,
  WithSupervisor,
  WithVolumeStore,
} from '../needs.ts';
import { endpointSchema } from '../record.ts';

type Deps = WithDirectory & WithLog & WithMountedVolumes & WithSupervisor & WithVolumeStore;

/**
 * Their output goes on into their logs, and what they have mounted stays. Nothing is taken back when they end: a daemon
 * that can read their records does that. Gives the endpoints of those that run.
 */
export function keepUnreadable(deps: Deps): Map<string, Endpoint> {
  const { unreadable } = deps.directory;
  const endpoints = new Map<string, Endpoint>();
  for (const id of deps.supervisor.leftIds()) {
    if (!unreadable.mayOwn(id) || deps.directory.peek(id)) continue;
    const task = deps.supervisor.keep(id, (record) => new OutputWriter(record.logDirectory, DEFAULT_LIMITS));
    if (task === undefined) continue;
    deps.log.warn('container.kept', { id, pid: task.pid, reason: 'its record cannot be read' });
    const endpoint = endpointIn(unreadable.rows.get(id));
    if (endpoint) endpoints.set(id, endpoint);
  }
  for (const [word, id] of unreadable.words())
    if (deps.storage.volumes.get(word)) deps.mountedVolumes.adopt(word, id);
  return endpoints;
}

/** That part of the row may be as it should. */
function endpointIn(row: SetAsideRow | undefined): Endpoint | undefined {
  try {
    const { endpoint } = JSON.parse(row?.text ?? '{}') as { endpoint?: unknown };
    return endpointSchema.decode(endpoint, STORED_ROOT);
  } catch {
    return undefined;
  }
}
