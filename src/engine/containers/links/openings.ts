/**
 * Where neighbours do not reach each other (`--icc=false`), a linking container reaches the other's exposed ports. An
 * opening goes with either end's endpoint; nothing of it is on record.
 */
import { messageOf } from '../../../base/errors.ts';
import { isProtocol, type Network } from '../../../network/index.ts';
import { DEFAULT_NETWORK } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import type { WithDirectory, WithNetworks } from '../needs.ts';
import { isAlive } from '../state.ts';
import { type HostsDeps, tellLinking } from './follow.ts';
import { defaultEndpoint, linksOf, liveLinks } from './links.ts';

type OpeningDeps = WithDirectory & WithNetworks;
type Services = Parameters<Network['link']>[2];

/** Opens the ways of a running container's links, and of the links that lead to it. @throws Failed */
export async function openLinks(deps: OpeningDeps, container: Container): Promise<void> {
  await openOwnLinks(deps, container);
  for (const linking of deps.directory)
    if (
      linking.record.links &&
      isAlive(linking.record.state) &&
      linksOf(deps, linking).some(({ to }) => to === container)
    )
      await open(deps, linking, container);
}

/**
 * The container is on the default network, since a moment or since an earlier life of the daemon: those that link to it
 * have its addresses, and the ways are open. A failure is logged: it runs all the same.
 */
export async function followLinks(deps: OpeningDeps & HostsDeps, container: Container): Promise<void> {
  tellLinking(deps, container, defaultEndpoint(deps, container.record));
  await openLinks(deps, container).catch((error: unknown) =>
    deps.log.warn('container.link', { id: container.id, reason: messageOf(error) }),
  );
}

async function openOwnLinks(deps: OpeningDeps, container: Container): Promise<void> {
  for (const { to } of liveLinks(deps, container)) await open(deps, container, to);
}

/** Closes the way between two containers. */
export async function closeLink({ networks }: WithNetworks, from: Container, to: Container): Promise<void> {
  await networks.find(DEFAULT_NETWORK)?.unlink(from.record.sandboxId ?? '', to.record.sandboxId ?? '');
}

async function open({ networks }: WithNetworks, from: Container, to: Container): Promise<void> {
  const network = networks.find(DEFAULT_NETWORK);
  await network?.link(from.record.sandboxId ?? '', to.record.sandboxId ?? '', servicesOf(to));
}

const servicesOf = ({ record }: Container): Services =>
  Object.keys(record.config.ExposedPorts ?? {}).flatMap((port) => {
    const [number = '', protocol = ''] = port.split('/');
    return isProtocol(protocol) ? [{ protocol, containerPort: Number(number) }] : [];
  });
