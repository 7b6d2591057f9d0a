/** How large a writable layer may become: a project quota of the file system below it. */
import { randomInt } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { Failed } from '../../base/errors.ts';
import { hasProjectQuotas, limitProject, projectOf, projectUse, setProject } from '../../linux/index.ts';

/** Administrators number their own projects from 1 on. */
const FIRST_PROJECT = 1 << 20;
const LAST_PROJECT = 2 ** 31 - 1;
/** Random numbers that are tried; a second one is hardly ever wanted. */
const TRIES_MAX = 64;

/** Limits for directories below `root`, on its file system. What they are is kept by the file system alone. */
export class SizeLimits {
  readonly #root: string;
  /** Whether the file system has them. */
  readonly supported: boolean;

  constructor(root: string) {
    this.#root = root;
    this.supported = opened(root, hasProjectQuotas);
  }

  /**
   * Lets an empty directory, with all that will be made below it, hold that many bytes: more is "disk quota exceeded".
   * @throws SystemError, or Failed where the file system cannot
   */
  set(directory: string, bytes: number): void {
    if (!this.supported) throw new Failed(`the file system of ${this.#root} has no project quotas`);
    opened(directory, (fd) => {
      const project = freeProject(fd);
      limitProject(fd, project, bytes);
      setProject(fd, project);
    });
  }

  /** Takes the limit of a directory back, before it is removed: its number is free when its last file is gone. */
  release(directory: string): void {
    if (!this.supported) return;
    opened(directory, (fd) => {
      const project = projectOf(fd);
      if (project >= FIRST_PROJECT) limitProject(fd, project, 0);
    });
  }
}

/** One that the file system has neither a limit nor a file of. */
function freeProject(fd: number): number {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const project = randomInt(FIRST_PROJECT, LAST_PROJECT);
    const { limit = 0, used = 0, inodes = 0 } = projectUse(fd, project) ?? {};
    if (limit === 0 && used === 0 && inodes === 0) return project;
  }
  throw new Failed('no number for a project quota is free');
}

function opened<T>(directory: string, use: (fd: number) => T): T {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
