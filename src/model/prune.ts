/** What a prune removed. */
import { type Infer, integer, list, object, pointer, string } from '../base/schema.ts';
import { ImageDeleteItem } from './image.ts';

/** Containers that were removed. */
export const ContainersPruned = object('ContainersPruneReport', {
  ContainersDeleted: list(string()),
  /** Bytes. */
  SpaceReclaimed: integer('uint64'),
});
export type ContainersPruned = Infer<typeof ContainersPruned>;

/** Images that were removed. */
export const ImagesPruned = object('ImagesPruneReport', {
  /** `null` when there was nothing to remove. */
  ImagesDeleted: pointer(list(ImageDeleteItem)),
  /** Bytes. */
  SpaceReclaimed: integer('uint64'),
});
export type ImagesPruned = Infer<typeof ImagesPruned>;

/** Networks that were removed. */
export const NetworksPruned = object('NetworksPruneReport', { NetworksDeleted: pointer(list(string())) });
export type NetworksPruned = Infer<typeof NetworksPruned>;

/** What was removed of the build cache. */
export const BuildCachePruned = object('BuildCachePruneReport', {
  CachesDeleted: pointer(list(string())),
  /** Bytes. */
  SpaceReclaimed: integer('uint64'),
});
export type BuildCachePruned = Infer<typeof BuildCachePruned>;
