/** Which containers have which volumes: from their records, so that no count can be wrong. */
import type { Directory } from '../directory.ts';
import { volumesOf } from './mounted.ts';

/** Ids of containers by the name of each volume that one has, running or not. */
export function volumeUsers(directory: Directory): Map<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const { id, record } of directory.all())
    for (const name of new Set(volumesOf(record.mounts))) users.set(name, [...(users.get(name) ?? []), id]);
  // Whatever could be a volume's name in a record that cannot be read.
  for (const [word, id] of directory.unreadable.words()) users.set(word, [...(users.get(word) ?? []), id]);
  return users;
}
