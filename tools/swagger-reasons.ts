/** Why our documents of 1.25 and later differ from the published Swagger documents. */
import type { Reason } from '../test/api/documents/differences.ts';
import { misprinted } from './swagger-reasons/misprinted.ts';
import { neverTold } from './swagger-reasons/never-told.ts';
import { publishedLate } from './swagger-reasons/published-late.ts';
import { toldOtherwise } from './swagger-reasons/told-otherwise.ts';

export const reasons: readonly Reason[] = [
  {
    why: 'an engine in no swarm and without plugins refuses: it reads no bodies, and has nothing to tell',
    what: [
      /^- \w+ \/(swarm|nodes|services|tasks|plugins|secrets|configs)\b.* (request|answer|header|status \d+)\b/,
      /^\+ \w+ \/(swarm|nodes|services|tasks|plugins|secrets|configs)\b.* status (501|503)$/,
    ],
  },
  {
    why: 'volumes of a cluster are not served',
    what: [
      /^- PUT \/volumes\/\{\}$/,
      /^- GET \/info answer Swarm\.(Cluster|Managers|Nodes)\b/,
      / (request |Volumes\[\]\.)?ClusterVolume(Spec)?\b/,
    ],
  },
  {
    why: 'ours names every failure that an operation has, the published ones some',
    what: [/^\+ .* status (400|403|404|409|500)$/],
  },
  {
    why: 'published alone: no daemon of that version sends it',
    what: [
      /^- GET \/containers\/\{\}\/attach\/ws status 200$/,
      /^- GET \/containers\/\{\}\/logs status 101$/,
      /^- POST \/auth status 204$/,
      /^- POST \/containers\/create status 406$/,
    ],
  },
  {
    why: 'read, though not published',
    what: [
      /^\+ POST \/build query (cgroupparent|cpusetmems|isolation|securityopt|session|ulimits|buildid)$/,
      /^\+ POST \/containers\/\{\}\/start query checkpoint(-dir)?$/,
      /^\+ POST \/build\/cancel$/,
      /^\+ GET \/containers\/\{\}\/logs query details$/,
      /^\+ POST \/(containers\/\{\}\/attach|exec\/\{\}\/start) header Upgrade$/,
      /^\+ POST \/exec\/\{\}\/start status 101$/,
      /^\+ GET \/(distribution\/\{\}\/json|images\/search) header X-Registry-Auth$/,
    ],
  },
  {
    why: 'the types of a body are told as such, not as a header',
    what: [/^- POST \/build header Content-type$/],
  },
  {
    why: 'messages of a stream are published in words alone',
    what: [
      /^\+ GET \/containers\/\{\}\/stats answer /,
      /^\+ POST \/(build|images\/(create|load|\{\}\/push)) answer /,
    ],
  },
  {
    why: 'told all the same unless verbose is asked for, as daemons of these versions do: clients that take the newest version read it',
    what: [/^\+ GET \/system\/df answer (LayersSize|(Images|Containers|Volumes|BuildCache)\b)/],
    from: 53,
  },
  {
    why: 'published as lists of anything',
    what: [/^\+ GET \/system\/df answer \w+Usage\.Items\[\]/],
    from: 52,
  },
  {
    why: 'Windows alone',
    what: [
      / IOMaximum(Bandwidth|IOps): |OsVersion: | CPU(Count|Percent)\b|ConsoleSize/,
      / (HostConfig\.)?DiskQuota: /,
      / memory_stats\.(commitbytes|commitpeakbytes|privateworkingset): /,
      / networks\.\{key\}\.(endpoint_id|instance_id): /,
      / storage_stats\.(read|write)_(count_normalized|size_bytes): /,
    ],
  },
  ...misprinted,
  ...publishedLate,
  ...neverTold,
  ...toldOtherwise,
];
