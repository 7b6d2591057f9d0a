/** What is left out when there is nothing to say, and this engine never has anything to say of it. */
import type { Reason } from '../../test/api/documents/differences.ts';

/** All on their side. */
export const neverTold: readonly Reason[] = [
  {
    why: 'of swarms, and of clusters and discovery before them',
    what: [
      /^- GET \/containers\/\{\}\/json answer Node: object$/,
      /^- GET \/info answer (ClusterAdvertise|ClusterStore|DiscoveryBackend|SystemStatus\S*): /,
      /^- GET \/info answer GenericResources\[\]\./,
      /^- GET \/networks(\/\{\})? answer (\[\]\.)?(Peers|Services)\b/,
    ],
  },
  { why: 'there is no containerd', what: [/^- GET \/info answer Containerd\b/] },
  { why: 'there is no interface for plugins of containers', what: [/^- GET \/info answer NRI\b/] },
  {
    why: 'signatures are not checked, and builds have no references to records of theirs',
    what: [
      / (Manifests\[\]\.ImageData\.)?Identity\.(Signature|Build)\b/,
      /ImageData\.Identity\.(Signature|Build)\b/,
    ],
  },
  {
    why: 'an image has no such thing: it is a container’s alone',
    what: [
      /^- GET \/images\/\{\}\/json answer (Container)?Config\.(MacAddress|NetworkDisabled|StopTimeout): /,
      /^- POST \/commit request MacAddress: string$/,
    ],
  },
  { why: 'no driver of ours tells more of a volume', what: [/ (Volumes\[\]\.)?Status(\.\{key\})?: object$/] },
  {
    why: 'limits of the kernel’s memory: the kernel holds none any more, so they are zero, which is left out from 1.42 on',
    what: [/ (HostConfig\.)?KernelMemoryTCP: /],
  },
  {
    why: 'it belongs to an endpoint from 1.44 on: of the whole container there is none to tell',
    what: [/^- GET \/containers\/\{\}\/json answer Config\.MacAddress: string$/],
    from: 44,
  },
  {
    why: 'attestations that are not here are not found; of an image without any the list is empty',
    what: [/^- GET \/images\/\{\}\/attestations status 501$/],
  },
];
