/** Members that were published for a version whose daemons did nothing with them. */
import type { Reason } from '../../test/api/documents/differences.ts';

/** All on their side. */
export const toldOtherwise: readonly Reason[] = [
  {
    why: 'never in a release: an experiment that its own version took back',
    what: [/HostConfig\.Capabilities(\[\])?: /],
    from: 40,
    to: 40,
  },
  {
    why: 'members of the time before runtimes, in no answer since 1.25',
    what: [/^- GET \/info answer (InitPath|InitSha1|OomScoreAdj): /],
    to: 31,
  },
  {
    why: 'all settings of a host are published for an update: daemons heard these from later versions on, or never',
    what: [/^- POST \/containers\/\{\}\/update request (Blkio\w+|Init|NanoCpus|PidsLimit)\b/],
  },
  {
    why: 'daemons had the member and did nothing with it before 1.44 and 1.54',
    what: [
      /^- POST \/containers\/create request NetworkingConfig\.EndpointsConfig\.\{key\}\.MacAddress: string$/,
      /^- POST \/networks\/\{\}\/connect request EndpointConfig\.MacAddress: string$/,
    ],
  },
  {
    why: 'what is read-only is a bad request here as it is there: no daemon answers 403',
    what: [/^- PUT \/containers\/\{\}\/archive status 403$/],
  },
];
