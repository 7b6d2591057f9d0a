/** The files under `netns/` that keep containers' network namespaces alive: bind mounts named after the container. */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, InvalidArgument } from '../../base/errors.ts';
import * as linux from '../../linux/index.ts';

export class NamespaceFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @throws InvalidArgument when the id could leave the directory */
  pathOf(containerId: string): string {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(containerId))
      throw new InvalidArgument(`invalid container id: ${JSON.stringify(containerId)}`);
    return join(this.#directory, containerId);
  }

  /** Binds the namespace `fd` to the container's file. @throws SystemError */
  keep(containerId: string, fd: number): void {
    const path = this.pathOf(containerId);
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'wx', 0o400));
    try {
      linux.mount(`/proc/self/fd/${fd}`, path, null, linux.MS.BIND, null);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
  }

  /** Lets go of the namespace; the kernel takes it apart when its last process is gone. Absent: nothing to do. */
  async drop(containerId: string): Promise<void> {
    const path = this.pathOf(containerId);
    for (;;) {
      // A file may carry several mounts after a crash between two starts; EINVAL says that none is left.
      const more = await linux.unmountAway(path, linux.MNT_DETACH).then(
        () => true,
        (error: unknown) => {
          if (codeOf(error) === 'EINVAL' || codeOf(error) === 'ENOENT') return false;
          throw error;
        },
      );
      if (!more) break;
    }
    rmSync(path, { force: true });
  }

  containers(): string[] {
    try {
      return readdirSync(this.#directory);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }
}
