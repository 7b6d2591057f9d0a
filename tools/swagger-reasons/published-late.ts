/** What daemons sent and read before the published documents said so, or without their ever saying so. */
import type { Reason } from '../../test/api/documents/differences.ts';

/** All on our side. */
export const publishedLate: readonly Reason[] = [
  {
    why: 'sent since 1.25 or before, published later',
    what: [/^\+ GET \/info answer /, /^\+ GET \/containers\/\{\}\/json answer NetworkSettings\./],
    to: 31,
  },
  {
    why: 'sent since it came, published later',
    what: [
      /^\+ GET \/containers\/\{\}\/json answer (ExecIDs(\[\])?|Platform|State\.Health\b.*): /,
      /^\+ GET \/exec\/\{\}\/json answer (CanRemove|DetachKeys): /,
      /^\+ GET \/info answer KernelMemory: boolean$/,
      /^\+ GET \/networks(\/\{\})? answer (\[\]\.)?(Attachable|Config(From(\.Network)?|Only)): /,
      /^\+ GET \/networks(\/\{\})? answer (\[\]\.)?Containers\.\{key\}\.Name: string$/,
      /^\+ GET \/events answer scope: string$/,
      /^\+ GET \/system\/df answer BuilderSize: integer$/,
      /^\+ POST \/build\/prune answer CachesDeleted(\[\])?: /,
      /^\+ POST \/auth status 401$/,
    ],
    to: 41,
  },
  {
    why: 'read since it came, published later',
    what: [
      /^\+ POST \/containers\/create request HostConfig\.(Init|Mounts\[\]\.Consistency): /,
      /^\+ POST \/networks\/create request (Attachable|Scope|Config(From(\.Network)?|Only)): /,
      /^\+ POST \/(build|containers|networks|volumes)\/prune query filters$/,
      /^\+ POST \/build query (platform|target)$/,
      /^\+ POST \/images\/create query (changes|message)$/,
      /^\+ PUT \/containers\/\{\}\/archive query copyUIDGID$/,
    ],
    to: 40,
  },
  {
    why: 'clients of that time send it, though it was never published, or no longer is',
    what: [
      /^\+ DELETE \/containers\/\{\} query link$/,
      /^\+ GET \/containers\/\{\}\/attach\/ws query std(in|out|err)$/,
      /^\+ GET \/images\/json query filter$/,
      /^\+ POST \/containers\/create request (CpuShares|Cpuset|Memory|MemorySwap): /,
    ],
    to: 41,
  },
  {
    why: 'clients send it, though it is not published: it is read, or minded by nobody',
    what: [
      /^\+ POST \/auth request (auth|email|identitytoken|registrytoken): string$/,
      /^\+ POST \/build\/prune query keep-storage$/,
      /^\+ POST \/networks\/create request CheckDuplicate: boolean$/,
      /request (HostConfig\.)?KernelMemory: integer$/,
    ],
  },
  {
    why: 'events of the first versions, which daemons sent up to 1.51 for old readers',
    what: [/^\+ GET \/events answer (from|id|status): string$/],
    to: 51,
  },
  {
    why: 'options that a newer client gave are shown to older ones too, as daemons do',
    what: [
      /^\+ GET \/containers\/\{\}\/json answer HostConfig\.(Init|KernelMemory|Mounts\[\]\.\w+Options\b.*|Mounts\[\]\.Consistency): /,
    ],
  },
  {
    why: 'read to be refused in words, or taken as the newest version has it',
    what: [/^\+ POST \/containers\/create request HostConfig\.Mounts\[\]\.\w+Options\b/],
  },
  {
    why: '1.52 has the lists of before beside the new members, as its history says',
    what: [/^\+ GET \/system\/df answer (LayersSize|(BuildCache|Containers|Images|Volumes)\b.*): /],
    from: 52,
    to: 52,
  },
  {
    why: 'descriptors were published with all of their members one version later',
    what: [/^\+ GET \/(images\/json|system\/df) answer .*Manifests\[\]\.Descriptor\./],
    from: 47,
    to: 47,
  },
  {
    why: 'how a runtime is spoken to, where it is no program',
    what: [/^\+ GET \/info answer Runtimes\.\{key\}\.runtimeType: /],
  },
  {
    why: 'the schema of one network is that of the list too, which leaves its containers out',
    what: [/^\+ GET \/networks answer \[\]\.Containers\b/],
    from: 52,
  },
];
