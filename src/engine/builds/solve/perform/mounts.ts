/** What is mounted for a RUN of BuildKit's manner, and which variables that brings. */
import { textOf } from '../../../../formats/byte-text.ts';
import { literalPattern } from '../../../../formats/path-match.ts';
import type { Mount as HostMount } from '../../../../model/container.ts';
import { byKept, keptMount, pathOf, programMount, type StepMounts } from '../../perform/mounts.ts';
import { idOf, nameOfCache } from '../plan/mounts.ts';
import type { PlannedMount, RunNode } from '../plan/nodes.ts';
import { agentMount } from './agent-mount.ts';
import { missing } from './missing.ts';
import { secretMount } from './secret-mount.ts';
import type { Solving } from './solving.ts';

/** What a command gets. */
export interface ProvidedMounts {
  readonly mounts: readonly HostMount[];
  /** `NAME=value`. */
  readonly env: readonly string[];
}

/** Mounts of a step, before anybody knows whether it must be done. */
export interface MadeMounts {
  /** What tells the step apart. Nothing of a secret but its name. */
  readonly parts: readonly unknown[];
  /** Makes them. `scope`: ends with the step. */
  readonly provide: (scope: AsyncDisposableStack, signal: AbortSignal) => Promise<ProvidedMounts>;
}

/** What one brings. */
interface Provided {
  readonly mount?: HostMount;
  readonly env?: string;
}

interface OneMount extends Pick<StepMounts, 'kept'> {
  readonly parts: readonly unknown[];
  readonly provide: (scope: AsyncDisposableStack, signal: AbortSignal, index: number) => Promise<Provided>;
}

/** @throws NotFound when a file that is to be mounted is not there */
export async function mountsFor(solving: Solving, node: RunNode): Promise<MadeMounts> {
  const { step, mounts } = node;
  const all: OneMount[] = [];
  const vertex = solving.vertexOf(node).digest;
  for (const planned of mounts) all.push(await one(solving, planned, vertex));
  const { script } = step;
  if (script)
    all.push({
      parts: ['script', script.path],
      provide: async (scope) => ({
        mount: await programMount(solving.deps, script.bytes, script.path, scope),
      }),
    });
  return {
    parts: all.map(({ parts }) => parts),
    async provide(scope, signal) {
      const provided: Provided[] = [];
      const indexed = all.map((each, index) => ({ ...each, index }));
      for (const { provide, index } of indexed.toSorted(byKept))
        provided[index] = await provide(scope, signal, index);
      return {
        mounts: provided.flatMap((each) => each.mount ?? []),
        env: provided.flatMap((each) => each.env ?? []),
      };
    },
  };
}

async function one(solving: Solving, planned: PlannedMount, vertex: string): Promise<OneMount> {
  const { mount, target } = planned;
  switch (mount.type) {
    case 'bind':
      return await bindMount(solving, planned, vertex);
    case 'cache':
      return await cacheMount(solving, planned);
    case 'tmpfs': {
      const { sizeBytes } = mount;
      const options = sizeBytes === undefined ? {} : { TmpfsOptions: { SizeBytes: sizeBytes } };
      return {
        parts: ['tmpfs', target, sizeBytes ?? 0],
        provide: async () => ({ mount: { Type: 'tmpfs', Target: target, ...options } }),
      };
    }
    case 'secret':
      return {
        parts: ['secret', target, idOf(mount), mount.env ?? ''],
        provide: (scope, signal) => secretMount(solving, planned, scope, signal),
      };
    case 'ssh':
      return {
        parts: ['ssh', target, idOf(mount)],
        provide: (scope, signal, index) => agentMount(solving, planned, index, scope, signal),
      };
    default:
      return mount.type satisfies never;
  }
}

async function bindMount(
  solving: Solving,
  { mount, source, target }: PlannedMount,
  vertex: string,
): Promise<OneMount> {
  const files = await solving.files(source);
  const path = pathOf(mount);
  const { signal } = solving.ending;
  const [found = []] = await files.select({ sources: [literalPattern(path)], owners: true }, signal);
  const [file] = found;
  if (file === undefined) throw missing(`/${textOf(path)}`, vertex);
  return {
    parts: ['bind', target, file.digest, mount.readOnly],
    async provide(scope, ending) {
      const made = scope.use(await files.materialise(path, ending));
      return { mount: { Type: 'bind', Source: made.path, Target: target, ReadOnly: mount.readOnly } };
    },
  };
}

/** One that begins otherwise, with files or an owner, is another directory, though it has the same id. */
async function cacheMount(solving: Solving, planned: PlannedMount): Promise<OneMount> {
  const { mount, target, source } = planned;
  const files = source === undefined ? undefined : await solving.files(source);
  const [beginning] =
    files === undefined
      ? []
      : ((await files.select({ sources: [literalPattern(pathOf(mount))] }, solving.ending.signal))[0] ?? []);
  const settings = [mount.mode, mount.uid, mount.gid, beginning?.digest];
  const name = nameOfCache(planned);
  const id = settings.every((each) => each === undefined) ? name : `${name} ${JSON.stringify(settings)}`;
  return {
    parts: ['cache', target, id],
    kept: id,
    provide: async (scope, signal) => ({
      mount: await keptMount(solving, { mount, id, Target: target, files }, scope, signal),
    }),
  };
}
