/** Verbs on containers' files: copies in and out, and images made of them. */
import type { Containers } from '../promise.ts';
import {
  type ArchiveDeps,
  containerChanges,
  copyOut,
  exportContainer,
  getArchive,
  putArchive,
  statPath,
} from './archive.ts';
import { type CommitDeps, commitContainer } from './commit.ts';

/** The verbs on a container's files. */
export type FileVerbs = Pick<
  Containers,
  'statPath' | 'getArchive' | 'copy' | 'putArchive' | 'export' | 'changes' | 'commit'
>;

/** Each finds its container; messages name it as the client did. */
export function createFileVerbs(deps: ArchiveDeps & CommitDeps): FileVerbs {
  const find = (name: string) => deps.directory.adopted(name);
  const called = async (name: string) => ({ name, container: await find(name) });
  return {
    statPath: async (name, path) => await statPath(deps, await called(name), path),
    getArchive: async (name, path, options) => await getArchive(deps, await called(name), path, options),
    copy: async (name, path, options) => await copyOut(deps, await called(name), path, options),
    putArchive: async (name, path, archive, options) =>
      await putArchive(deps, await called(name), path, archive, options),
    export: async (name, options) => await exportContainer(deps, await find(name), options),
    changes: async (name) => await containerChanges(deps, await find(name)),
    async commit(name, options) {
      const container = await find(name);
      return await container.mailbox.run(() => commitContainer(deps, container, options));
    },
  };
}
