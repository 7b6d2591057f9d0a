/** How ids of containers stand for ids of the host, where they differ (user_namespaces(7)). Pure. */

/** `count` ids from `container` on are those from `host` on. */
export interface IdRange {
  readonly container: number;
  readonly host: number;
  readonly count: number;
}

/** Users and groups of containers. Both have an id 0. */
export interface IdMap {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

/** Owner of something. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What the kernel says of an id that a map does not have (/proc/sys/kernel/overflowuid). */
export const OVERFLOW_ID = 65534;

const inside = (at: number, from: number, count: number): boolean => at >= from && at < from + count;

/** Undefined: the map has no such id. */
export function toHostId(ranges: readonly IdRange[], id: number): number | undefined {
  const found = ranges.find(({ container, count }) => inside(id, container, count));
  return found && found.host + (id - found.container);
}

/** An id of the host as a container sees it. */
export function toContainerId(ranges: readonly IdRange[], id: number): number {
  const found = ranges.find(({ host, count }) => inside(id, host, count));
  return found === undefined ? OVERFLOW_ID : found.container + (id - found.host);
}

/** An owner of the host's as a container sees it; without a map they are the same. */
export const toContainer = (map: IdMap | undefined, { uid, gid }: Owner): Owner =>
  map === undefined ? { uid, gid } : { uid: toContainerId(map.uids, uid), gid: toContainerId(map.gids, gid) };

/** The host's ids of a container's root. */
export const rootOf = (map: IdMap | undefined): Owner =>
  map === undefined
    ? { uid: 0, gid: 0 }
    : { uid: toHostId(map.uids, 0) ?? 0, gid: toHostId(map.gids, 0) ?? 0 };
