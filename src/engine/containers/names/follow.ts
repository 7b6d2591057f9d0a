/** A running container's resolv.conf, when it comes to its first network of names: it asks the engine from then on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { messageOf } from '../../../base/errors.ts';
import { readText } from '../../../base/files.ts';
import type { Container } from '../container.ts';
import { changeFile, type HostsDeps } from '../links/follow.ts';
import type { WithLog, WithNames, WithNetworks } from '../needs.ts';
import { networkFile, RESOLVER_HASH, resolverHash } from '../own-files.ts';
import { type ResolverDeps, resolutionOf, resolverText } from '../plan/resolver.ts';

/** What following needs. */
export type ResolverFollowDeps = HostsDeps & ResolverDeps & Pick<WithNetworks, 'networks'>;

/**
 * The sandbox has a name server from now on, where it needs one, that sees what the container may. A failure is logged:
 * it is on the network all the same.
 */
export async function serveNames(
  { log, names }: WithLog & WithNames,
  container: Container,
  sandboxId: string,
): Promise<void> {
  await names
    .serve(container, sandboxId)
    .catch((error: unknown) => log.error('container.names', { id: container.id, reason: messageOf(error) }));
}

/** What the container or its user has changed stays as it is. A failure is logged: it is on the network all the same. */
export function tellResolver(deps: ResolverFollowDeps, container: Container): void {
  const { id, record } = container;
  if (resolutionOf(deps, record, record.endpoints) !== 'embedded') return;
  const hashFile = networkFile(deps, id, RESOLVER_HASH);
  const fresh = resolverText(deps, record, 'embedded');
  changeFile(deps, container, 'resolv.conf', (text) => {
    if (resolverHash(Buffer.from(text, 'latin1')) !== readText(hashFile)) return text;
    return fresh;
  });
  try {
    const now = readFileSync(networkFile(deps, id, 'resolv.conf'));
    if (now.equals(Buffer.from(fresh))) writeFileSync(hashFile, resolverHash(fresh));
  } catch (error) {
    deps.log.warn('container.file', { id, name: RESOLVER_HASH, reason: messageOf(error) });
  }
}
