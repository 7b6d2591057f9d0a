/** What a linking container is told of the others: variables and names. Pure. */
import { addressIn } from '../../../network/index.ts';
import type { LiveLink } from './links.ts';
import { linkVariables } from './variables.ts';

/** Variables of all its links. */
export const variablesOf = (links: readonly LiveLink[]): string[] =>
  links.flatMap(({ alias, name, to, endpoint }) =>
    linkVariables({
      linkName: name,
      alias,
      address: (addressIn(endpoint, 4) ?? addressIn(endpoint, 6))?.address ?? '',
      ports: Object.keys(to.record.config.ExposedPorts ?? {}),
      env: to.record.config.Env ?? [],
    }),
  );

/** Lines for /etc/hosts: each address with the alias, the other's host name, and its name where that is another. */
export const hostsOf = (
  links: readonly LiveLink[],
): { readonly address: string; readonly names: readonly string[] }[] =>
  links.flatMap(({ alias, to: { record }, endpoint }) => {
    const names = [alias, record.config.Hostname ?? '', ...(record.name === alias ? [] : [record.name])];
    return endpoint.addresses.map(({ address }) => ({ address, names: names.filter(Boolean) }));
  });
