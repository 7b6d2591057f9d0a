/** Which containers were made from an image. */
import type { ImageUser } from '../images/deps.ts';
import type { Directory } from './directory.ts';
import { isAlive } from './state.ts';

/** Containers of that image, running or not; of those whose records cannot be read each that seems to be of it. */
export function imageUsers(directory: Directory, imageId: string): ImageUser[] {
  const users = directory
    .all()
    .filter(({ record }) => record.imageId === imageId)
    .map(({ id, record }) => ({
      containerId: id,
      running: isAlive(record.state),
      name: record.config.Image ?? '',
    }));
  const unreadable = directory.unreadable.usersOf(imageId);
  return [...users, ...unreadable.map((containerId) => ({ containerId, running: false }))];
}
