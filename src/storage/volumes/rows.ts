/** What is on record of a volume, and how its directory is laid out. */
import { map, nullable, object, optional, string } from '../../base/schema.ts';
import { mark, type RecordKind } from '../../base/stored.ts';
import { rowGone, rowPut } from '../records/door.ts';
import type { Change, VolumeRow } from '../storage.ts';

/** Volumes, by name. */
export const VOLUMES: RecordKind<VolumeRow> = {
  table: 'volumes',
  schema: object('volume', {
    name: string(),
    createdAt: string(),
    labels: nullable(map(string())),
    options: nullable(map(string())),
    pending: optional(mark()),
    leaving: optional(mark()),
  }),
  migrations: [],
};
/** The directory in a volume's own that containers see. */
export const DATA = '_data';
/** Where an image's content is copied to before it becomes {@link DATA}, whole. */
export const COPY = '_copy';

/** The grammar of volume names, which become names of directories: at most as long as a file system takes. */
export const isVolumeName = (name: string): boolean => /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/.test(name);

/** The change that puts a volume on record. */
export const volumePut = (row: VolumeRow): Change => rowPut(VOLUMES, row.name, row);
/** The change that takes a volume off the record. */
export const volumeGone = (name: string): Change => rowGone(VOLUMES, name);
