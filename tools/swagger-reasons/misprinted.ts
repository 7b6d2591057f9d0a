/** Published documents that say a thing in a form which no daemon, and no client, of their version has. */
import type { Reason } from '../../test/api/documents/differences.ts';

/** Both sides of each: the form that was printed, and the one that travels. */
export const misprinted: readonly Reason[] = [
  {
    why: 'a set of names was printed as an object with one member, called additionalProperties',
    what: [
      /onfig\.Volumes\.(\{key\}|additionalProperties): object$/,
      / request Volumes\.(\{key\}|additionalProperties): object$/,
    ],
    to: 36,
  },
  {
    why: 'a command may be one word or a list; what is told is always a list',
    what: [/(onfig\.|request )(Cmd|Entrypoint): array,string$/],
    to: 34,
  },
  {
    why: 'the bindings of a port were printed as one object, not as a list of them',
    what: [/HostConfig\.PortBindings\.\{key\}(\[\])?(\.HostIp|\.HostPort)?: /],
    to: 34,
  },
  {
    why: 'ports were printed as the list of containers has them, and beside them members of the time before networks',
    what: [/ NetworkSettings\.(Address|PortMapping|Ports\b.*): /],
    to: 31,
  },
  { why: 'a slip of letters', what: [/\bNano(CPUs|Cpus): integer$/], from: 25, to: 27 },
  {
    why: 'printed in the letters of the code, not in those of the wire',
    what: [
      /^[+-] GET \/distribution\/\{\}\/json answer Descriptor\.(Digest|MediaType|Size|URLs.*|digest|mediaType|size): /,
      /^[+-] GET \/distribution\/\{\}\/json answer Platforms\[\]\.[\w.]+(\[\])?: /,
    ],
    to: 39,
  },
  {
    why: 'the list of containers was printed as a list of lists',
    what: [
      /^[+-] GET \/system\/df answer Containers\[\](\[\])?[.:]/,
      /^- GET \/system\/df answer Containers\[\]\[\]: object$/,
    ],
    to: 39,
  },
  {
    why: 'addresses were printed as maps of texts, and options as a list of maps',
    what: [/ (\[\]\.)?IPAM\.(Config|Options)(\[\])?\.[\w{}.]+: /, / (\[\]\.)?IPAM\.Options\[\]: object$/],
    to: 40,
  },
  {
    why: 'what a prune of networks removes was printed as volumes',
    what: [/^[+-] POST \/networks\/prune answer (Networks|Volumes)Deleted(\[\])?: /],
    to: 25,
  },
  {
    why: 'printed one version before it came',
    what: [/ (\[\]\.)?EnableIPv4: boolean$/],
    from: 47,
    to: 47,
  },
  {
    why: 'printed as an object of anything',
    what: [/^\+ GET \/version answer Components\[\]\.Details\.\{key\}: string$/],
  },
];
