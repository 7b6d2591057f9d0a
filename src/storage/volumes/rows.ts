/** What is on record of a volume, and how its directory is laid out. */
import type { Change, VolumeRow } from '../storage.ts';

export const VOLUME_TABLE = 'volumes';
/** The directory in a volume's own that containers see. */
export const DATA = '_data';
/** Where an image's content is copied to before it becomes {@link DATA}, whole. */
export const COPY = '_copy';

/** The grammar of volume names, which become names of directories: at most as long as a file system takes. */
export const isVolumeName = (name: string): boolean => /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/.test(name);

export const rowWritten = (row: VolumeRow): Change => ({ table: VOLUME_TABLE, key: row.name, value: row });
export const rowGone = (name: string): Change => ({ table: VOLUME_TABLE, key: name, value: undefined });
