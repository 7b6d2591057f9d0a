/**
 * Layers as containers with ids of their own have them: on the disk everything belongs to the ids of an image; here the
 * same directories are mounted once more, by mounts that map owners (mount_setattr(2), MOUNT_ATTR_IDMAP). Nobody but
 * this process reaches them by their paths.
 */
import { closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, Failed, messageOf } from '../base/errors.ts';
import type { IdMap } from '../base/id-map.ts';
import {
  AT_FDCWD,
  attachMountAt,
  cloneMount,
  detachTree,
  type MappedIds,
  mapOwners,
  newUserNamespace,
} from '../linux/index.ts';
import type { Layout } from './layout.ts';

/** Which ids containers have, and where mounts that map them are put. */
export interface MappingOptions {
  readonly map: IdMap;
  /** A directory below the exec root; it is made. */
  readonly directory: string;
}

/** The view. Dispose of it: what is mounted from it lives on. */
export class MappedView implements Disposable {
  readonly ids: MappedIds;
  readonly directory: string;
  readonly #layout: Layout;

  constructor(ids: MappedIds, directory: string, layout: Layout) {
    this.ids = ids;
    this.directory = directory;
    this.#layout = layout;
  }

  /** Where a layer, or a part of a writable one, is in the view. */
  pathOf(path: string): string {
    for (const [name, real] of partsOf(this.#layout))
      if (path.startsWith(`${real}/`)) return join(this.directory, name, path.slice(real.length + 1));
    return path; // the empty layer
  }

  [Symbol.dispose](): void {
    for (const [name] of partsOf(this.#layout)) detachIfMounted(join(this.directory, name));
    closeSync(this.ids.namespace);
  }
}

const partsOf = ({ layers, writable }: Layout) =>
  [
    ['l', layers],
    ['w', writable],
  ] as const;

/** What a killed daemon left there is replaced. @throws Failed: this host cannot do it */
export async function openMappedView(
  { map, directory }: MappingOptions,
  layout: Layout,
): Promise<MappedView> {
  const view = new MappedView({ map, namespace: await newUserNamespace(map) }, directory, layout);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const [name, real] of partsOf(layout))
      mountMapped(real, join(directory, name), { ids: view.ids, readOnly: name === 'l' });
    return view;
  } catch (error) {
    view[Symbol.dispose]();
    throw new Failed(
      `userns-remap: the owners of files below ${layout.root} cannot be mapped here: ${messageOf(error)} (it takes Linux 5.19, and a file system such as ext4, xfs or btrfs)`,
      { cause: error },
    );
  }
}

function mountMapped(
  from: string,
  to: string,
  { ids, readOnly }: { readonly ids: MappedIds; readonly readOnly: boolean },
): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  detachIfMounted(to);
  const tree = cloneMount(AT_FDCWD, from, false);
  try {
    mapOwners(tree, ids, { readOnly });
    attachMountAt(tree, to);
  } finally {
    closeSync(tree);
  }
}

function detachIfMounted(path: string): void {
  for (;;)
    try {
      detachTree(path);
    } catch (error) {
      if (['EINVAL', 'ENOENT'].includes(codeOf(error) ?? '')) return;
      throw error;
    }
}
