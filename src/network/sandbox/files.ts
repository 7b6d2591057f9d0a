/** The files under `netns/` that keep sandboxes alive: bind mounts of their namespaces. */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, InvalidArgument } from '../../base/errors.ts';
import * as linux from '../../linux/index.ts';

/** One directory of such files, each named after its sandbox. */
export class NamespaceFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where the runtime finds the namespace. @throws InvalidArgument when the id could leave the directory */
  pathOf(sandboxId: string): string {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(sandboxId))
      throw new InvalidArgument(`invalid sandbox id: ${JSON.stringify(sandboxId)}`);
    return join(this.#directory, sandboxId);
  }

  /** Binds the namespace `fd` to the sandbox's file. @throws SystemError */
  keep(sandboxId: string, fd: number): void {
    const path = this.pathOf(sandboxId);
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
  async drop(sandboxId: string): Promise<void> {
    const path = this.pathOf(sandboxId);
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

  /** The ids of the sandboxes that have a file. */
  ids(): string[] {
    try {
      return readdirSync(this.#directory);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }
}
