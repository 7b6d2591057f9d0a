/** Modes as Go's `os.FileMode` numbers them, and what they say of a file. */
import type { EntryType } from '../tar/entry.ts';

type FileKind = Exclude<EntryType, 'hardlink'>;

const DEVICE = 2 ** 26;
const CHAR_DEVICE = 2 ** 21;

/** Go's bits for each kind; none for a regular file. */
const KIND_BITS: Readonly<Record<FileKind, number>> = {
  file: 0,
  directory: 2 ** 31,
  symlink: 2 ** 27,
  block: DEVICE,
  char: DEVICE + CHAR_DEVICE,
  fifo: 2 ** 25,
};
/** Those, sockets (2^24) and what is neither of them (2^19). */
const ALL_KINDS = (2 ** 31 + 2 ** 27 + DEVICE + 2 ** 25 + 2 ** 24 + CHAR_DEVICE + 2 ** 19) >>> 0;

/** Bits of stat(2), and Go's for them: set-user-id, set-group-id, sticky. */
const SPECIAL = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
] as const;

const KIND_OF = new Map(Object.entries(KIND_BITS).map(([kind, bits]) => [bits, kind as FileKind]));

/** Undefined: a socket, or something that Unix does not have. */
export const kindOfGoMode = (mode: number): FileKind | undefined => KIND_OF.get((mode & ALL_KINDS) >>> 0);

/** Permission, set-id and sticky bits as chmod(2) has them. */
export function permissionsOfGoMode(mode: number): number {
  let permissions = mode & 0o777;
  for (const [bit, go] of SPECIAL) if ((mode & go) !== 0) permissions |= bit;
  return permissions;
}

/** The mode of a file of that kind. */
export function goMode(kind: FileKind, permissions: number): number {
  let mode = KIND_BITS[kind] + (permissions & 0o777);
  for (const [bit, go] of SPECIAL) if ((permissions & bit) !== 0) mode += go;
  return mode;
}
