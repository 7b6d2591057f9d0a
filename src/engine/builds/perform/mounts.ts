/** What a RUN step has mounted besides its image: files of the context, stages and images, kept directories, memory. */
import { chmod, writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { textOf } from '../../../formats/byte-text.ts';
import { type Mount, mountOf } from '../../../formats/dockerfile/mount.ts';
import { literalPattern } from '../../../formats/path-match.ts';
import type { Mount as HostMount } from '../../../model/container.ts';
import { stepFailure } from '../../../model/failures/step.ts';
import type { FileSource } from '../../../storage/index.ts';
import type { Say } from '../output.ts';
import { type RunStep, SCRIPTS } from '../plan/step.ts';
import type { Building } from './shared.ts';
import { sourceOf } from './source-of.ts';

/** Mounts of a step, before anybody knows whether it must be done. */
export interface StepMounts {
  /** What tells the step apart: where things are mounted, and what is in them. Nothing of a secret. */
  readonly more: readonly string[];
  /** The id of a kept directory that it takes. */
  readonly kept?: string;
  /** Makes them. `scope`: ends with the step. */
  readonly provide: (scope: AsyncDisposableStack, signal: AbortSignal) => Promise<HostMount[]>;
}

/** `index`: of the step's stage. @throws InvalidArgument, NotFound */
export async function mountsOf(
  building: Building,
  step: RunStep,
  index: number,
  say: Say,
): Promise<StepMounts> {
  const mounts = step.instruction.mounts.map((text) => mountOf(text, (word) => step.expander.bytes(word)));
  refuseTwice(mounts, step);
  const parts: StepMounts[] = [];
  for (const mount of mounts) parts.push(await one(building, mount, step, index, say));
  const { line } = step.instruction;
  if (line.form === 'script') parts.push(scriptMount(building, textOf(line.name), line.text));
  return {
    more: parts.flatMap(({ more }) => more),
    async provide(scope, signal) {
      const all: HostMount[] = [];
      for (const { provide } of parts.toSorted(byKept)) all.push(...(await provide(scope, signal)));
      return all;
    },
  };
}

/** Locked directories are waited for in one order, so that no two steps wait for each other. */
export const byKept = (a: Pick<StepMounts, 'kept'>, b: Pick<StepMounts, 'kept'>): number =>
  (a.kept ?? '') < (b.kept ?? '') ? -1 : 1;

async function one(
  building: Building,
  mount: Mount,
  step: RunStep,
  index: number,
  say: Say,
): Promise<StepMounts> {
  switch (mount.type) {
    case 'bind':
      return bindMount(building, mount, targetOf(mount, step), index, say);
    case 'cache':
      return cacheMount(building, mount, targetOf(mount, step), index, say);
    case 'tmpfs': {
      const Target = targetOf(mount, step);
      const { sizeBytes } = mount;
      const TmpfsOptions = sizeBytes === undefined ? {} : { TmpfsOptions: { SizeBytes: sizeBytes } };
      return {
        more: [`tmpfs ${Target}`],
        provide: async () => [{ Type: 'tmpfs', Target, ...TmpfsOptions }],
      };
    }
    case 'secret':
    case 'ssh': {
      const id = textOf(mount.id ?? mount.source ?? posix.basename(mount.target ?? 'default'));
      // What it is called is no secret; what is in it must not be a part of the key.
      if (mount.required) throw stepFailure.secretMissing({ kind: mount.type, id });
      return { more: [`${mount.type} ${id}`], provide: async () => [] };
    }
    default:
      return mount.type satisfies never;
  }
}

/** A kept directory that a step must have for itself cannot be given to it twice. */
function refuseTwice(mounts: readonly Mount[], step: RunStep): void {
  const locked = mounts.filter(({ type, sharing }) => type === 'cache' && sharing === 'locked');
  const ids = locked.map((mount) => idOf(mount, targetOf(mount, step)));
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined)
    throw stepFailure.mountInvalid({ why: `the locked cache ${JSON.stringify(twice)} is mounted twice` });
}

const idOf = ({ id }: Mount, target: string): string => (id === undefined ? target : textOf(id));

function targetOf({ target, type }: Mount, { running }: RunStep): string {
  const said = textOf(target ?? '');
  if (said === '') throw stepFailure.mountInvalid({ why: `a mount of type ${type} has no target` });
  const path = posix.resolve('/', running.WorkingDir || '/', said);
  if (path === '/') throw stepFailure.mountInvalid({ why: 'a mount cannot take the place of the root' });
  return path;
}

const filesOf = (building: Building, { from }: Mount, index: number, say: Say): Promise<FileSource> =>
  from === undefined ? Promise.resolve(building.context) : sourceOf(building, from, index, say);

/** Where the files of a mount lie in their source; '' is its root. */
export const pathOf = ({ source = '/' }: Mount): string =>
  posix.normalize(`/${source}`).slice(1).replace(/\/$/, '');

async function bindMount(
  building: Building,
  mount: Mount,
  Target: string,
  index: number,
  say: Say,
): Promise<StepMounts> {
  const files = await filesOf(building, mount, index, say);
  const path = pathOf(mount);
  const [found = []] = await files.select({ sources: [literalPattern(path)], owners: true }, building.signal);
  const [file] = found;
  if (file === undefined)
    throw stepFailure.fileMissing({
      command: 'RUN',
      path: textOf(path),
      inContext: mount.from === undefined,
    });
  return {
    more: [`bind ${Target} ${file.digest} ${mount.readOnly ? 'ro' : 'rw'}`],
    async provide(scope, signal) {
      const made = scope.use(await files.materialise(path, signal));
      return [{ Type: 'bind', Source: made.path, Target, ReadOnly: mount.readOnly }];
    },
  };
}

async function cacheMount(
  building: Building,
  mount: Mount,
  Target: string,
  index: number,
  say: Say,
): Promise<StepMounts> {
  const id = idOf(mount, Target);
  const files = mount.from === undefined ? undefined : await filesOf(building, mount, index, say);
  return {
    more: [`cache ${Target} ${id}`],
    kept: id,
    provide: async (scope, signal) => [
      await keptMount(building, { mount, id, Target, files }, scope, signal),
    ],
  };
}

/** A directory that steps keep, and where it is wanted; `files`: what it begins with. */
export interface KeptMount {
  readonly mount: Mount;
  readonly id: string;
  readonly Target: string;
  readonly files: FileSource | undefined;
}

/** Takes it for the time of `scope`. */
export async function keptMount(
  { deps }: { readonly deps: Pick<Building['deps'], 'cacheMounts'> },
  { mount, id, Target, files }: KeptMount,
  scope: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<HostMount> {
  const taken = await deps.cacheMounts.take(
    {
      id,
      sharing: mount.sharing ?? 'shared',
      mode: mount.mode ?? 0o755,
      uid: mount.uid ?? 0,
      gid: mount.gid ?? 0,
      fill:
        files &&
        (async () => scope.use(await files.materialise(pathOf(mount), signal, { asCopies: true })).path),
    },
    signal,
  );
  scope.defer(() => taken[Symbol.dispose]());
  return { Type: 'bind', Source: taken.path, Target, ReadOnly: mount.readOnly };
}

/** A program for the time of a run, at `Target`. */
export async function programMount(
  { storage }: Pick<Building['deps'], 'storage'>,
  bytes: Buffer,
  Target: string,
  scope: AsyncDisposableStack,
): Promise<HostMount> {
  const { path } = scope.use(await storage.scratch());
  const Source = posix.join(path, 'script');
  await writeFile(Source, bytes);
  await chmod(Source, 0o755);
  return { Type: 'bind', Source, Target, ReadOnly: true };
}

/** A here-document that is a program: a file for the time of its run. The command's text is not in the key: this is. */
function scriptMount({ deps }: Building, name: string, text: string): StepMounts {
  return {
    more: [`script ${text}`],
    provide: async (scope) => [
      await programMount(deps, Buffer.from(text, 'latin1'), `${SCRIPTS}${name}`, scope),
    ],
  };
}
