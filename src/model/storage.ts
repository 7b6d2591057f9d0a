/** Where the bytes of an image or container lie, as inspect shows it. */
import { type Infer, map, object, string } from '../base/schema.ts';

/** `GraphDriver` of inspect: the storage driver, and paths by their role. */
export const DriverData = object('DriverData', { Data: map(string()), Name: string() });
export type DriverData = Infer<typeof DriverData>;

/** `Storage` of inspect: who keeps the root file system. */
export const StorageView = object('Storage', {
  RootFS: object('RootFSStorage', { Snapshot: object('RootFSStorageSnapshot', { Name: string() }) }),
});
