/** Steps that are to be done again find nothing in the directories that they keep: `--no-cache` means those, too. */
import type { Storage } from '../../../../storage/index.ts';
import type { CacheMounts } from '../../cache/mounts.ts';
import { nameOfCache } from '../plan/mounts.ts';
import { type FilesNode, inputsOf, type Node } from '../plan/nodes.ts';

/** What directories are let go of with. */
export interface RenewDeps {
  readonly cacheMounts: CacheMounts;
  readonly storage: Pick<Storage, 'discard'>;
}

/** One that somebody uses stays. */
export async function renewMounts(
  { deps: { cacheMounts, storage } }: { readonly deps: RenewDeps },
  nodes: readonly Node[],
  context: FilesNode | undefined,
): Promise<void> {
  const names = namesToRenew(nodes, context);
  if (names.length === 0) return;
  // What begins with files or an owner has its settings behind its name.
  const isOld = (id: string): boolean => names.some((name) => id === name || id.startsWith(`${name} [`));
  const old = [...cacheMounts.all()].flatMap(([directory, { id }]) =>
    isOld(id) && !cacheMounts.isUsed(directory) ? [directory] : [],
  );
  await cacheMounts.forget(old);
  await Promise.all(old.map((directory) => storage.discard(cacheMounts.pathOf(directory))));
}

function namesToRenew(nodes: readonly Node[], context: FilesNode | undefined): string[] {
  const names = new Set<string>();
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.is === 'run' && node.again)
      for (const planned of node.mounts) if (planned.mount.type === 'cache') names.add(nameOfCache(planned));
    for (const input of inputsOf(node, context)) visit(input);
  };
  for (const node of nodes) visit(node);
  return [...names];
}
