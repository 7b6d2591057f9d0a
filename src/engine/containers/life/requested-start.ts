/** A start as a client asks for it: up to API 1.23 it may bring what the container needs of its host. */
import { undoUnlessDone } from '../../../base/lifetime.ts';
import type { HostConfig } from '../../../model/container.ts';
import type { Container } from '../container.ts';
import { linksOf, planLinks } from '../links/links.ts';
import { destinationOf } from '../mounts/mounts.ts';
import { declaredMounts, provideMounts } from '../mounts/provide.ts';
import { keepCovered } from '../mounts/tmpfs-root.ts';
import { byId } from '../plan/namespaces.ts';
import type { StartOptions } from '../promise.ts';
import type { LinkRecord } from '../record.ts';
import { settleHostConfig } from '../settle/host-config.ts';
import { checkText } from '../settle/settle.ts';
import { assertAllowed } from '../state.ts';
import { type CreateDeps, plannedMounts } from './create.ts';
import { type StartDeps, startContainer } from './start.ts';

/** What a requested start needs. */
export type RequestedStartDeps = CreateDeps & StartDeps;

/** Call it inside the container's mailbox. @throws Unchanged, Conflict, InvalidArgument, StartFailed */
export async function startAsRequested(
  deps: RequestedStartDeps,
  container: Container,
  { hostConfig, keep }: StartOptions,
): Promise<void> {
  assertAllowed(container.record.state, 'start', container.id);
  if (hostConfig !== undefined) {
    // Clients before 1.15 said only now what the container needs of its host.
    const before = container.record.hostConfig;
    const kept = Object.fromEntries(keep.map((member) => [member, before[member]]));
    const { Links: _links, ...asked } = byId(deps.directory, { ...kept, ...hostConfig });
    const links = planLinks(deps, hostConfig, linksOf(deps, container));
    const settled = settleHostConfig(asked, deps.facts);
    checkText(container.record.config, settled.hostConfig);
    await replaceHostConfig(deps, container, { hostConfig: settled.hostConfig, links });
  }
  container.set({ restartCount: 0 });
  container.restartDelayMs = 0;
  await startContainer(deps, container);
}

/** The mounts follow; volumes that the configuration declared stay the ones that they are. */
async function replaceHostConfig(
  deps: CreateDeps,
  container: Container,
  { hostConfig, links }: { readonly hostConfig: HostConfig; readonly links: readonly LinkRecord[] },
): Promise<void> {
  await container.cleanup;
  const { config, mounts: before } = container.record;
  const { wanted } = plannedMounts(deps, { config, hostConfig }, { readOnlyIsFlat: true });
  const kept = declaredMounts(before, wanted);
  const stays = new Set(kept.map(({ point }) => point.Destination));
  await undoUnlessDone(async (undo) => {
    const fresh = wanted.filter((each) => !stays.has(destinationOf(each)));
    const provided = await provideMounts(deps, container.id, fresh, undo);
    const byDestination = new Map(
      [...kept, ...provided.mounts].map((each) => [each.point.Destination, each]),
    );
    const asked = wanted.flatMap((each) => byDestination.get(destinationOf(each)) ?? []);
    const mounts = keepCovered(before, asked);
    await container.save({ hostConfig, mounts, links }, provided.changes());
    provided.done();
  });
}
