/** Looks whether the kernel has what running containers need, and whether it has something that no container needs. */
import { join } from 'node:path';
import { damage, type Finding, leftover } from '../base/finding.ts';
import {
  bridgeOptionsFrom,
  examineNetworks,
  FAMILIES,
  type Family,
  type RecordedSandbox,
} from '../network/index.ts';
import { type CgroupDriver, cgroupPlace, ExaminedRuns } from '../runtime/index.ts';
import { type ExaminedMounts, examineMounted } from '../storage/index.ts';
import { layersOf, volumesOf } from './containers/mounts/mounted.ts';
import { cgroupOf } from './containers/plan/cgroup.ts';
import { CONTAINERS, type ContainerRecord } from './containers/record.ts';
import { ownCgroupsBelow } from './containers/recovery/leftovers.ts';
import { UnreadableContainers } from './containers/set-aside.ts';
import { isAlive } from './containers/state.ts';
import { NETWORKS } from './networks/index.ts';

/** Where an engine has what dies with the machine's boot. */
interface KernelPlace {
  readonly dataRoot: string;
  readonly execRoot: string;
  /** Of the engine's firewall. */
  readonly tableName: string;
  readonly cgroupDriver: CgroupDriver;
  readonly cgroupParent: string;
  /** Families whose packets get rules. */
  readonly firewallFamilies: readonly Family[];
}

/** What was found of containers in the kernel. */
interface KernelReport {
  readonly findings: readonly Finding[];
  /** Containers whose process runs. */
  readonly running: number;
}

/** All that one look sees. */
interface Seen {
  /** On record as running or paused. */
  readonly alive: readonly ContainerRecord[];
  readonly resting: readonly ContainerRecord[];
  readonly unreadable: UnreadableContainers;
  readonly runs: ExaminedRuns;
  readonly mounts: ExaminedMounts;
}

/** Changes nothing. What is under way meanwhile may be found. @throws NetlinkError when this process may not ask */
export async function examineKernel(place: KernelPlace): Promise<KernelReport> {
  const { dataRoot, execRoot, tableName } = place;
  const { records, mounts } = examineMounted(dataRoot);
  const { rows, ...others } = records.read(CONTAINERS);
  const networks = records.read(NETWORKS);
  const containers = [...rows.values()];
  const alive = containers.filter(({ state }) => isAlive(state));
  const unreadable = new UnreadableContainers(others);
  const seen: Seen = {
    alive,
    resting: containers.filter(({ state }) => !isAlive(state)),
    unreadable,
    runs: new ExaminedRuns(execRoot),
    mounts,
  };
  const incomplete = [others, networks].some((each) => each.setAside.size > 0 || each.rowsWereLost);
  const recorded = {
    sandboxes: sandboxesOf(seen),
    networkIds: new Set(networks.rows.keys()),
    routed: new Map([...networks.rows.values()].map(({ id, options }) => [id, routedFamilies(options)])),
    ruled: place.firewallFamilies,
    incomplete,
    mayOwn: (id: string) => unreadable.mayOwn(id),
  };
  const findings = [
    ...alive.flatMap((record) => examineRun(record, seen)),
    ...examineKeeper(seen),
    ...strayRuns(seen),
    ...strayMounts(place, seen),
    ...strayCgroups(place, seen),
    ...(await examineNetworks({ execRoot, tableName }, recorded)),
  ];
  return { findings, running: alive.filter(({ id }) => isRunning(seen, id)).length };
}

const isRunning = ({ runs }: Seen, id: string): boolean => runs.found.get(id)?.is === 'running';

function examineRun({ id, state, mounts: wanted }: ContainerRecord, { runs, mounts }: Seen): Finding[] {
  const where = `container ${id}`;
  const run = runs.found.get(id);
  switch (run?.is) {
    case undefined:
    case 'cut-off': {
      // In another boot of the machine it has ended; the next start notices.
      if (!isAlive(state) || state.boot !== runs.boot) return [];
      return [damage(where, 'it is on record as running, and nothing is on record of its run')];
    }
    case 'unreadable':
      return [damage(where, `what is on record of its run: ${run.damage}`)];
    case 'ended':
      return [];
    case 'running': {
      const layers = [id, ...layersOf(wanted)].filter((layer) => mounts.layers?.has(layer) === false);
      return [
        ...layers.map((layer) => damage(where, `its layer ${layer} is not mounted`)),
        ...(runs.presentCgroups([run.cgroupPath]).length > 0
          ? []
          : [damage(where, `its control group ${run.cgroupPath} is missing`)]),
      ];
    }
    default:
      return run satisfies never;
  }
}

/** A daemon starts one where it finds none: what the last one held is lost when the daemon that has it too is killed. */
const examineKeeper = (seen: Seen): Finding[] =>
  seen.runs.isKept || !seen.alive.some(({ id }) => isRunning(seen, id))
    ? []
    : [damage('keeper', 'no process holds the streams of running containers')];

/** One sandbox may have several containers in it. The ports are its owner's, in whose record alone they stand. */
function sandboxesOf(seen: Seen): RecordedSandbox[] {
  return seen.alive.flatMap(({ id: container, sandboxId, endpoints, networksChange = false }) => {
    // In the middle of a change the kernel may have done a part of it.
    const runs = isRunning(seen, container) && !networksChange;
    return sandboxId === undefined ? [] : [{ id: sandboxId, container, runs, endpoints }];
  });
}

function routedFamilies(options: Readonly<Record<string, string>>): readonly Family[] {
  const { modes } = bridgeOptionsFrom(options);
  return FAMILIES.filter((family) => modes[family] === 'routed');
}

function strayRuns({ alive, runs, unreadable }: Seen): Finding[] {
  const known = new Set(alive.map(({ id }) => id));
  return [...runs.found]
    .filter(([id]) => !known.has(id) && !unreadable.mayOwn(id))
    .map(([id, { is }]) =>
      leftover(`run ${id}`, `of no container that runs${is === 'running' ? ', and its process lives' : ''}`),
    );
}

function strayMounts({ dataRoot }: KernelPlace, { alive, mounts, unreadable }: Seen): Finding[] {
  const layers = new Set(alive.flatMap((record) => [record.id, ...layersOf(record.mounts)]));
  const volumes = new Set(alive.flatMap((record) => volumesOf(record.mounts)));
  const unused = (names: Iterable<string>, used: ReadonlySet<string>): string[] =>
    [...names].filter((name) => !used.has(name) && !unreadable.mayOwn(name));
  return [
    ...unused(mounts.layers ?? [], layers).map((name) => join(dataRoot, 'w', name)),
    ...unused(mounts.volumes, volumes).map((name) => join(dataRoot, 'volumes', name)),
    ...mounts.passing,
  ].map((path) => leftover(path, 'mounted for no container that runs'));
}

/** Of containers that do not run, and below the engine's own: elsewhere what lies there may be somebody else's. */
function strayCgroups(place: KernelPlace, { alive, resting, runs, unreadable }: Seen): Finding[] {
  const { cgroupDriver, cgroupParent } = place;
  const at = (record: ContainerRecord): string =>
    cgroupOf({ facts: { cgroupDriver }, cgroupParent }, record).path;
  const known = new Set(alive.map(({ id }) => id));
  const own = ownCgroupsBelow({ driver: cgroupDriver, parent: cgroupParent }, (path) =>
    runs.cgroupsBelow(path),
  )
    .filter((name) => !known.has(name) && !unreadable.mayOwn(name))
    .map((name) => cgroupPlace(cgroupDriver, cgroupParent, name).path);
  const left = new Set([...own, ...runs.presentCgroups(resting.map(at))]);
  return [...left].map((path) => {
    const processes = runs.processesIn(path);
    const inside = processes === 0 ? '' : `, with ${processes} processes in it`;
    return leftover(`control group ${path}`, `of no container that runs${inside}`);
  });
}
