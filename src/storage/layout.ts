/** Where things lie below the data root. Every directory on the way is closed to other users: layers hold set-id files. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { spreadSubdirectories } from '../linux/index.ts';

/** Nobody waits longer before pulling again what was broken off. */
export const UNFINISHED_KEPT_MS = 24 * 60 * 60 * 1000;

/** Paths below a data root. */
export interface Layout {
  readonly root: string;
  readonly records: string;
  readonly content: string;
  /** Read-only layers, `l/<short name>`: short, because an overlay's options must fit in a page. */
  readonly layers: string;
  /** Writable layers, `w/<container id>/{diff,work,merged,lower}`. */
  readonly writable: string;
  /** The lower directory of a container without an image. */
  readonly empty: string;
  /** Volumes, `volumes/<name>/_data`, named as Docker names them. */
  readonly volumes: string;
  /** Blobs on their way here, by digest: what a crash leaves of them is gone on with. */
  readonly unfinished: string;
  /** What clients of builds have sent of their directories: `<hash of a key>.index`, `<name>.data`. */
  readonly synced: string;
  /** Half-made things; whatever is in it at start is left over from a crash. */
  readonly staging: string;
  /** Things already removed, waiting to be deleted. */
  readonly trash: string;
}

/** Where things lie below `root`; makes nothing. */
export function layoutOf(root: string): Layout {
  return {
    root,
    records: join(root, 'records.sqlite'),
    content: join(root, 'content'),
    layers: join(root, 'l'),
    writable: join(root, 'w'),
    empty: join(root, 'empty'),
    volumes: join(root, 'volumes'),
    unfinished: join(root, 'unfinished'),
    synced: join(root, 'synced'),
    staging: join(root, 'staging'),
    trash: join(root, 'trash'),
  };
}

/** Makes the directories that are missing and closes them (0710 for the root, 0700 below). @throws Error of mkdir */
export function makeLayout(root: string): Layout {
  const layout = layoutOf(root);
  mkdirSync(root, { recursive: true, mode: 0o710 });
  chmodSync(root, 0o710);
  for (const path of [
    layout.content,
    layout.layers,
    layout.writable,
    layout.empty,
    layout.unfinished,
    layout.synced,
    layout.staging,
    layout.trash,
  ]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
  }
  // A process of any user may reach a volume that it was given by its path, but list none.
  mkdirSync(layout.volumes, { recursive: true, mode: 0o701 });
  chmodSync(layout.volumes, 0o701);
  // Where something was just removed, ext4 passes over each inode that was in use a moment ago, one by one: unpacking
  // there takes six times as long. See docs/decisions/0011.
  for (const path of [layout.staging, layout.layers, layout.writable, layout.volumes])
    spreadSubdirectories(path);
  return layout;
}

/** Twelve hexadecimal digits that no other name of this data root has. */
export const randomName = (): string => randomBytes(6).toString('hex');
