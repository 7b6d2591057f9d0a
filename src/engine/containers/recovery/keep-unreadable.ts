/** After a restart of the daemon, for containers whose records cannot be read: what runs goes on running. */
import type { LivingSandbox } from '../../../network/index.ts';
import { DEFAULT_LIMITS, OutputWriter } from '../../../runtime/index.ts';
import type { SetAsideRow } from '../../../storage/index.ts';
import { byNetworkId } from '../life/sandbox.ts';
import type {
  WithDirectory,
  WithLog,
  WithMountedVolumes,
  WithNetworks,
  WithSupervisor,
  WithVolumeStore,
} from '../needs.ts';
import { NO_SANDBOX, type SandboxRecord, sandboxOf } from '../record.ts';

type Deps = WithDirectory & WithLog & WithMountedVolumes & WithNetworks & WithSupervisor & WithVolumeStore;

/**
 * Their output goes on into their logs, and what they have mounted stays. Nothing is taken back when they end: a daemon
 * that can read their records does that. Gives the sandboxes of those that run.
 */
export function keepUnreadable(deps: Deps): Map<string, LivingSandbox> {
  const { unreadable } = deps.directory;
  const sandboxes = new Map<string, LivingSandbox>();
  for (const id of deps.supervisor.leftIds()) {
    if (!unreadable.mayOwn(id) || deps.directory.peek(id)) continue;
    const task = deps.supervisor.keep(id, (record) => new OutputWriter(record.logDirectory, DEFAULT_LIMITS));
    if (task === undefined) continue;
    deps.log.warn('container.kept', { id, pid: task.pid, reason: 'its record cannot be read' });
    const { sandboxId, endpoints } = sandboxIn(unreadable.rows.get(id));
    if (sandboxId !== undefined)
      sandboxes.set(sandboxId, {
        endpoints: byNetworkId(deps.networks, endpoints),
        owner: id,
        holders: [id],
      });
  }
  for (const [word, id] of unreadable.words())
    if (deps.storage.volumes.get(word)) deps.mountedVolumes.adopt(word, id);
  return sandboxes;
}

/** That part of the row may be as it should. */
function sandboxIn(row: SetAsideRow | undefined): SandboxRecord {
  try {
    return sandboxOf(JSON.parse(row?.text ?? '{}'));
  } catch {
    return NO_SANDBOX;
  }
}
