/**
 * Where a starting container's mounts come from on the host: looked at, made where the client left it to us, and held
 * by a descriptor where a container could exchange a name on the way.
 */
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../../../base/errors.ts';
import {
  AT_FDCWD,
  attachMountAt,
  bindDescriptor,
  cloneMount,
  detachTree,
  type MappedIds,
  MS,
  mapOwners,
  O_PATH,
  openAt2,
  RESOLVE,
  restrictionsOf,
} from '../../../linux/index.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import { settingFailure } from '../../../model/failures/setting.ts';
import type { Storage } from '../../../storage/index.ts';
import { requireAnswers } from '../../answers.ts';
import type { Container } from '../container.ts';
import type { WithDirectory, WithMountedVolumes, WithRoots } from '../needs.ts';
import type { ContainerMount, ContainerRecord } from '../record.ts';
import { isInside } from './mounts.ts';

/** What is needed to open the sources of mounts. */
export type SourcesDeps = WithDirectory &
  WithMountedVolumes &
  WithRoots & {
    readonly storage: Pick<Storage, 'layers' | 'root'>;
    /** Where sources of mounts are held while a container starts; below the exec root. */
    readonly stagedMountsRoot: string;
  };

/** @throws InvalidArgument for a source of `Mounts` that is not there, Unavailable for one that does not answer */
export async function requireSources(paths: readonly string[]): Promise<void> {
  await requireAnswers(paths);
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined)
    throw settingFailure.mountInvalid({ type: 'bind', why: `bind source path does not exist: ${missing}` });
}

/** Where a mount comes from, as a runtime is told. */
export interface MountSource {
  readonly path: string;
  readonly isDirectory: boolean;
  /** How the file system that it lies on is mounted on the host, in a runtime's words: what is bound is no freer. */
  readonly restrictions: readonly string[];
}

/** What to mount, by destination. `release` when the runtime has mounted it, or never will. */
export interface Sources {
  readonly byDestination: ReadonlyMap<string, MountSource>;
  /**
   * Where the runtime finds something of the host, which it may be unable to reach with the ids that the container has.
   * `own`: it is the engine's, and belongs to the container's ids there.
   */
  readonly reachable: (path: string, own: boolean) => string;
  release(): void;
}

/** They must have answered just now. @throws InvalidArgument for the engine's own directories, NotFound for a subpath that is not there */
export function openSources(deps: SourcesDeps, container: Container): Sources {
  const { id, mounts, ofBuild = false } = container.record;
  const ids = deps.storage.layers.mappedIds(id);
  const staged = new StagedSources(`${deps.stagedMountsRoot}/${id}`, ids !== undefined);
  const reachable = (path: string, own: boolean, recursive = false): string =>
    ids === undefined ? path : staged.stageMapped(path, { ids: own ? ids : undefined, recursive });
  try {
    const found = mounts
      .filter(({ point }) => point.Type !== 'tmpfs')
      .map((mount): [string, MountSource] => {
        const found = sourceOf(deps, { ...mount, ofBuild }, staged);
        const path = reachable(found, isOwn(deps, { ...mount, ofBuild }), mount.options.includes('rbind'));
        return [mount.point.Destination, lookAt(path)];
      });
    return { byDestination: new Map(found), reachable, release: () => staged.release() };
  } catch (error) {
    staged.release();
    throw error;
  }
}

const RESTRICTIONS = [
  [MS.RDONLY, 'ro'],
  [MS.NOSUID, 'nosuid'],
  [MS.NODEV, 'nodev'],
  [MS.NOEXEC, 'noexec'],
] as const;

/** Runtimes that mount a bind anew with the words they are given would lift what the host had forbidden. */
function lookAt(path: string): MountSource {
  const flags = restrictionsOf(path);
  const restrictions = RESTRICTIONS.filter(([flag]) => (flags & flag) !== 0).map(([, word]) => word);
  return { path, isDirectory: statSync(path).isDirectory(), restrictions };
}

/** A mount, and whether the engine itself chose what is mounted: for a step of a build. */
interface ChosenMount extends ContainerMount {
  readonly ofBuild: boolean;
}

/** Whether its owners are ids of containers: not those of what the administrator has given. */
function isOwn({ mountedVolumes }: SourcesDeps, { point, ofBuild }: ChosenMount): boolean {
  if (point.Type === 'volume') return !mountedVolumes.hasDevice(point.Name ?? '');
  return point.Type === 'bind' && ofBuild;
}

function sourceOf(deps: SourcesDeps, mount: ChosenMount, staged: StagedSources): string {
  const { point, subpath } = mount;
  if (point.Type === 'bind') return bindSource(deps, mount, staged);
  return subpath === undefined ? point.Source : staged.stage(openSubpath(point.Source, subpath), 'one');
}

/** `Binds` of a path that is missing make a directory there: the way of the first engine, which scripts rely on. */
function bindSource(
  deps: SourcesDeps,
  { point, options, ofBuild }: ChosenMount,
  staged: StagedSources,
): string {
  const { fd, real } = openBind(deps, point.Source, ofBuild);
  if (isExposed(deps, real)) return staged.stage(fd, options.includes('rbind') ? 'all' : 'one');
  closeSync(fd);
  return real;
}

/** A bind's source, made when it is missing, and where it really is. The caller closes `fd`. @throws InvalidArgument */
function openBind(deps: SourcesDeps, source: string, ofBuild: boolean): { fd: number; real: string } {
  if (!existsSync(source)) mkdirSync(source, { recursive: true, mode: 0o755 });
  const fd = openSync(source, O_PATH | constants.O_RDONLY);
  try {
    const real = readlinkSync(`/proc/self/fd/${fd}`);
    if (!ofBuild) refusePrivate(deps, real, source);
    return { fd, real };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** A mount's source as a copy of its own, attached nowhere: the caller closes it. @throws InvalidArgument, NotFound */
export function copySource(
  deps: SourcesDeps,
  mount: ContainerMount,
  { id, ofBuild = false }: Pick<ContainerRecord, 'id' | 'ofBuild'>,
): number {
  const { point, options, subpath } = mount;
  const ids = deps.storage.layers.mappedIds(id);
  const fd =
    point.Type === 'bind'
      ? openBind(deps, point.Source, ofBuild).fd
      : openSubpath(point.Source, subpath === undefined ? '.' : subpath);
  try {
    const tree = cloneMount(fd, '', options.includes('rbind') && subpath === undefined);
    if (ids !== undefined && isOwn(deps, { ...mount, ofBuild })) mapOwners(tree, ids);
    return tree;
  } finally {
    closeSync(fd);
  }
}

/** Records, layers and run files decide over the engine itself. Directories above them are the administrator's to give. */
function refusePrivate({ roots, storage }: SourcesDeps, real: string, source: string): void {
  const root = roots.find((each) => isInside(real, each));
  if (root === undefined || real.startsWith(`${storage.root}/volumes`)) return;
  throw settingFailure.mountInvalid({
    type: 'bind',
    why: `${source} is inside ${root}, which is the engine's own`,
  });
}

/** Whether some container may write to a directory on the way: it could put a link there between our look and the mount. */
const isExposed = ({ directory }: WithDirectory, real: string): boolean =>
  directory
    .all()
    .some(({ task, record }) =>
      task === undefined
        ? false
        : record.mounts.some(({ point }) => point.RW && point.Source !== '' && isInside(real, point.Source)),
    );

/** @throws NotFound, InvalidArgument: never a path outside */
function openSubpath(root: string, subpath: string): number {
  const directory = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    return openAt2(directory, subpath, O_PATH, 0, RESOLVE.BENEATH | RESOLVE.NO_MAGICLINKS);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw containerFailure.subpathMissing({ root, subpath });
    if (code === 'EXDEV' || code === 'ELOOP') throw containerFailure.subpathEscapes({ root, subpath });
    throw containerFailure.subpathUnreachable({ root, subpath, why: String(code) }, { cause: error });
  } finally {
    closeSync(directory);
  }
}

/** Descriptors bound to names of ours for as long as a runtime needs to mount them. */
class StagedSources {
  readonly #directory: string;
  readonly #passable: boolean;
  #count = 0;

  /** `passable`: whoever is let into the exec root may pass through. */
  constructor(directory: string, passable: boolean) {
    this.#passable = passable;
    this.#directory = directory;
  }

  /** Takes the descriptor over. `all`: with what is mounted below it. */
  stage(fd: number, what: 'one' | 'all'): string {
    try {
      // A mount point must be of the kind of what is mounted; `fd/.` is there for directories only.
      const path = this.#newPlace(existsSync(`/proc/self/fd/${fd}/.`));
      bindDescriptor(fd, path, what === 'all');
      return path;
    } finally {
      closeSync(fd);
    }
  }

  /** The same of a path, its owners mapped. */
  stageMapped(
    source: string,
    { ids, recursive }: { readonly ids: MappedIds | undefined; readonly recursive: boolean },
  ): string {
    const tree = cloneMount(AT_FDCWD, source, recursive);
    try {
      if (ids !== undefined) mapOwners(tree, ids);
      const path = this.#newPlace(statSync(source).isDirectory());
      attachMountAt(tree, path);
      return path;
    } finally {
      closeSync(tree);
    }
  }

  #newPlace(isDirectory: boolean): string {
    const path = `${this.#directory}/${this.#count}`;
    if (this.#count === 0) clearStaged(this.#directory);
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    if (this.#passable && this.#count === 0)
      for (const each of [dirname(this.#directory), this.#directory]) chmodSync(each, 0o711);
    if (isDirectory) mkdirSync(path);
    else closeSync(openSync(path, 'wx', 0o600));
    this.#count++;
    return path;
  }

  release(): void {
    if (this.#count > 0) clearStaged(this.#directory);
  }
}

/** Unmounts and removes what is staged in a directory. Absent: nothing to do. */
function clearStaged(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    const path = `${directory}/${name}`;
    try {
      detachTree(path);
    } catch (error) {
      if (codeOf(error) !== 'EINVAL') throw error; // it was never mounted
    }
    rmSync(path, { recursive: true, force: true });
  }
  rmSync(directory, { recursive: true, force: true });
}

/** After a restart: what a killed daemon had staged. */
export function clearAllStaged(root: string): void {
  if (!existsSync(root)) return;
  for (const id of readdirSync(root)) clearStaged(`${root}/${id}`);
}
