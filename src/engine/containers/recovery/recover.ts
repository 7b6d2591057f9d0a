/**
 * After a restart of the daemon: every record meets what the kernel still has of it. First a look, which makes true what
 * reads tell and keeps addresses, ports and names from being given twice; then the daemon serves, and adopts one
 * container after the other. Until the look is over nothing on the host is changed, so a crash at any point loses nothing.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { messageOf } from '../../../base/errors.ts';
import { shortId } from '../../../formats/digest.ts';
import { Adoption, type AdoptionWork } from '../adoption.ts';
import { Container } from '../container.ts';
import { livingSandboxes } from '../life/sandbox.ts';
import type { StartDeps } from '../life/start.ts';
import { adoptMounts } from '../mounts/mounted.ts';
import { clearAllStaged } from '../mounts/sources.ts';
import { CONTAINERS } from '../record.ts';
import { UnreadableContainers } from '../set-aside.ts';
import { isAlive } from '../state.ts';
import { adoptRun, finishRest, hasRest, removesItself } from './adopt.ts';
import { keepUnreadable } from './keep-unreadable.ts';
import { belongsToUnreadable, clearLitter, findLeftovers, type LeftoverDeps } from './leftovers.ts';
import { type Look, type LookDeps, lookAt } from './look.ts';

/** An adoption waits for the kernel here and there; clients are served meanwhile. */
const AT_ONCE = 8;

/** What a daemon needs to find its containers again. */
type RecoverDeps = StartDeps & LeftoverDeps & LookDeps;

/** A recovery of which the first look is over. */
export interface Recovery {
  /** How many were found in which state, for the daemon's log. */
  readonly found: Readonly<Record<'running' | 'ended' | 'undone', number>>;
  /** Adopts what was found, and clears away what belongs to nobody. Call it when clients are served. */
  finish(): Promise<void>;
}

type Looks = Map<Container, Exclude<Look, { is: 'unreadable' }>>;

/** What is in memory tells the truth when it resolves; what is to be done for a container is its `adoption`. */
export async function recoverContainers(deps: RecoverDeps): Promise<Recovery> {
  await loadContainers(deps);
  const kept = keepUnreadable(deps);
  const looks: Looks = new Map();
  for (const container of deps.directory.all()) {
    const look = lookAt(deps, container);
    if (look !== undefined) looks.set(container, look);
  }
  clearAllStaged(deps.stagedMountsRoot);
  const [alive, resting] = apart(deps.directory.all(), ({ record }) => isAlive(record.state));
  for (const container of alive) adoptMounts(deps, container);
  deps.networks.claim(new Map([...kept, ...livingSandboxes(deps.networks, alive)]));
  for (const container of alive) deps.names.renew(container.record);
  await deps.mountedVolumes.sweep();
  const left = await findLeftovers(deps, resting);
  const known = new Set(deps.directory.all().map(({ id }) => id));
  for (const [container, look] of looks)
    if (look.is === 'running' || look.is === 'ended') planAdoption(deps, container, look);
  for (const container of resting) {
    const look = looks.get(container);
    const cut = look?.is === 'cut-off' || look?.is === 'gone' ? look : undefined;
    if (cut !== undefined || hasRest(deps, left, container))
      plan(deps, container, () => finishRest(deps, container, left, cut), {
        ended: removesItself(container),
      });
  }
  return {
    found: counted(looks),
    async finish() {
      const isKept = (id: string): boolean => belongsToUnreadable(deps, id);
      await Promise.all([deps.networks.restore(isKept), adoptAll(deps)]);
      if (!deps.stopping()) await clearLitter(deps, left, known);
    },
  };
}

const apart = <T>(all: readonly T[], is: (each: T) => boolean): [T[], T[]] => [
  all.filter(is),
  all.filter((each) => !is(each)),
];

/** Every container on record; names are given once, also when a record comes back that could not be read for a while. */
async function loadContainers(deps: RecoverDeps): Promise<void> {
  const { storage, directory, log } = deps;
  const { rows, ...unreadable } = await storage.records.read(CONTAINERS);
  directory.unreadable = new UnreadableContainers(unreadable);
  for (const record of rows.values()) {
    const container = new Container(record, storage.records);
    if (directory.isTaken(record.name)) {
      const name = `${record.name}-${shortId(record.id)}`;
      log.warn('container.renamed', { id: record.id, from: record.name, to: name });
      await container.keep({ name }, deps);
    }
    directory.add(container);
  }
}

/** One that ends before its turn is adopted at once: until then it is said to run. */
function planAdoption(
  deps: RecoverDeps,
  container: Container,
  look: Extract<Look, { is: 'running' | 'ended' }>,
): void {
  const ended = look.is === 'ended' || look.ending;
  const adoption = plan(deps, container, () => adoptRun(deps, container, look), { ended });
  if (look.is !== 'running') return;
  void look.status.then(() => {
    adoption.ended = true;
    return container.certain();
  });
}

function plan(
  { log }: RecoverDeps,
  container: Container,
  work: AdoptionWork,
  options: { readonly ended: boolean },
): Adoption {
  const { id, mailbox } = container;
  const adoption = new Adoption(
    mailbox,
    async () => {
      try {
        const rest = await work();
        return async () => {
          await rest?.();
          container.adoption = undefined;
        };
      } catch (error) {
        log.error('container.not-adopted', { id, reason: messageOf(error) });
        throw error;
      }
    },
    options,
  );
  container.adoption = adoption;
  return adoption;
}

/** Those that ended come first, because lists wait for them; then those that run. */
async function adoptAll(deps: RecoverDeps): Promise<void> {
  const [ended, others] = apart(deps.directory.all(), ({ adoption }) => adoption?.ended ?? false);
  const [running, resting] = apart(others, ({ record }) => isAlive(record.state));
  const queue = [...ended, ...running, ...resting].filter(({ adoption }) => adoption !== undefined).values();
  const next = async (): Promise<void> => {
    for (const container of queue) {
      if (deps.stopping()) return;
      await container.adopted().catch(() => undefined); // it was logged, and its next verb tries again
      await turn();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

function counted(looks: Looks): Recovery['found'] {
  const all = [...looks.values()];
  const running = all.filter((look) => look.is === 'running' && !look.ending).length;
  const undone = all.filter(({ is }) => is === 'cut-off').length;
  return { running, ended: all.length - running - undone, undone };
}
