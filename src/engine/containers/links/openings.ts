/**
 * Where neighbours do not reach each other (`--icc=false`), a linking container reaches the other's exposed ports. An
 * opening goes with either end's endpoint; nothing of it is on record.
 */
import type { Network } from '../../../network/index.ts';
import { DEFAULT_NETWORK } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import type { WithDirectory, WithNetworks } from '../needs.ts';
import { isAlive } from '../state.ts';
import { linksOf, liveLinks } from './links.ts';

type OpeningDeps = WithDirectory & WithNetworks;
type Services = Parameters<Network['link']>[2];

/** Opens the ways of a running container's links, and of the links that lead to it. @throws Failed */
export async function openLinks(deps: OpeningDeps, container: Container): Promise<void> {
  await openOwnLinks(deps, container);
  for (const linking of deps.directory)
    if (isAlive(linking.record.state) && linksOf(deps, linking).some(({ to }) => to === container))
      await open(deps, linking, container);
}

/** Opens the ways of its own links alone. @throws Failed */
export async function openOwnLinks(deps: OpeningDeps, container: Container): Promise<void> {
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
    const [number = '', protocol] = port.split('/');
    return protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp'
      ? [{ protocol, containerPort: Number(number) }]
      : [];
  });
