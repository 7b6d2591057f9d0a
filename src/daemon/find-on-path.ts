/** Programs by their names. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first executable of that name in a `PATH`; undefined when there is none. */
export function findOnPath(name: string, path: string = process.env.PATH ?? ''): string | undefined {
  // Daemons are often started with a PATH that lacks the administrator's directories.
  const directories = [...path.split(delimiter), '/usr/local/sbin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return directories
    .filter((directory) => directory.startsWith('/'))
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
