/** What a prune removed. */
import { type Infer, integer, list, object, string } from '../base/schema.ts';

export const ContainersPruned = object('ContainersPruneReport', {
  ContainersDeleted: list(string()),
  /** Bytes. */
  SpaceReclaimed: integer('uint64'),
});
export type ContainersPruned = Infer<typeof ContainersPruned>;
