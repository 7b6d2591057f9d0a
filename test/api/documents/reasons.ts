/** Why the documents of 1.0–1.24 differ from the published contract. */
import type { Reason } from './differences.ts';

export const reasons: readonly Reason[] = [
  {
    why: 'this engine is in no swarm and has no managed plugins: what would be told of them is left out',
    what: [/^- \w+ \/(swarm|nodes|services|tasks|plugins)\b/, / answer Swarm\.(Cluster|Managers|Nodes)\b/],
  },
  {
    why: 'what would begin a swarm or bring a plugin says that this engine does not',
    what: [/^\+ POST \/swarm\/(init|join) status 503$/, /^\+ POST \/plugins\/pull status 501$/],
    from: 24,
  },
  {
    why: 'every call that brings something from a registry takes its credentials',
    what: [/^\+ POST \/plugins\/pull header X-Registry-Auth$/],
    from: 24,
  },
  { why: 'any path, whatever it is, answers OPTIONS', what: [/^- OPTIONS /] },
  {
    why: 'the types of a body and the upgrade to a WebSocket are told in other words than as headers',
    what: [/ header Content-Type$/, / header (Origin|Connection)$/, /^- .*attach\/ws header Upgrade$/],
  },
  {
    why: 'documents alone: the daemons of that time knew no conflict yet',
    what: [/^- POST \/images\/\{name\}\/tag status 409$/],
    to: 1,
  },
  {
    why: 'what is found nowhere was 500 before statuses were found by more than the first words',
    what: [/^\+ POST \/images\/getCache status 500$/],
    to: 4,
  },
  { why: 'no registry of today asks for more headers', what: [/ header X-Meta-\*$/] },
  {
    why: 'documents alone: the registry is part of the name from 1.4 on',
    what: [/ query registry$/],
    from: 4,
  },
  {
    why: 'read by the daemons of that time, though in no document',
    what: [/^\+ POST \/build query isolation$/, /^\+ POST \/images\/create query message$/],
  },
  { why: 'below 1.13 a commit pauses when it is asked to', what: [/^\+ POST \/commit query pause$/], to: 12 },
  {
    why: 'documented from 1.17 on, sent from 1.18 on',
    what: [/ Labels(\.\{key\})?: /, /\]\.Labels(\.\{key\})?: /, /Config\.Labels(\.\{key\})?: /],
    from: 17,
    to: 17,
  },
  {
    why: 'two daemons spoke this version, of which one had it still, or already',
    what: [
      / [cC]on\w*\.(Dns(\[\])?|VolumesFrom): /,
      / Config\.(Dns(\[\])?|VolumesFrom): /,
      /onfig\.SecurityOpt(\[\])?: /,
    ],
    from: 10,
    to: 15,
  },
  {
    why: 'newer clients that are told to speak 1.12 or later read it',
    what: [/^\+ GET \/events answer (Type|Action|Actor(\..+)?): /],
    from: 12,
    to: 21,
  },
  {
    why: 'the whole container, whose own document shows its members',
    what: [/^\+ GET \/exec\/\{id\}\/json answer Container\.\{key\}: any$/],
  },
  {
    why: 'documented from 1.18 on by the last of its members alone',
    what: [/^\+ GET \/info answer RegistryConfig\./],
    from: 17,
    to: 20,
  },
  {
    why: 'one kind of message for all that is told of progress: none of them sends the others’ members',
    what: [
      /^\+ POST \/images\/(create|load|\{name\}\/(push|insert)) answer (aux|stream|errorDetail|progressDetail)\b/,
    ],
  },
  { why: 'the body is a form', what: [/^\+ POST \/build request (Dockerfile|Context): string$/], to: 2 },
  {
    why: 'left out when there is nothing to say, and there never is: an image has none, no driver tells more, no cluster',
    what: [
      /^- GET \/images\/\{name\}\/json answer (Container)?Config\.(MacAddress|NetworkDisabled|StopTimeout): /,
      /^- GET \/containers\/\{name\}\/json answer (Config\.StopTimeout|Node\b.*): /,
      /^- \w+ \/volumes\S* answer (Volumes\[\]\.)?Status(\.\{key\})?: /,
      /^- GET \/info answer (ClusterStore|ClusterAdvertise|SystemStatus)\b/,
    ],
  },
  {
    why: 'the contract has it one version too long: Docker 1.12 no longer sent it',
    what: [/^- GET \/images\/search answer \[\]\.is_trusted: boolean$/],
    from: 24,
  },
  {
    why: 'logins at other registries than the one of that time: taken, though no client of that time says so',
    what: [/^\+ POST \/auth request serveraddress: string$/],
    to: 4,
  },
  {
    why: 'Windows alone',
    what: [
      / (HostConfig\.)?(BlkioBps|BlkioIOps|SandboxSize|DiskQuota): integer$/,
      / RootFS\.BaseLayer: string$/,
      /^- POST \/containers\/create request HostConfig\.ConsoleSize(\[\])?: /,
    ],
  },
  { why: 'an experiment of that time', what: [/PublishService: string$/] },
  { why: 'for a runtime that is long gone', what: [/LxcConf(\[\].*)?: /] },
  {
    why: 'images do not carry what is a container’s alone',
    what: [
      /^- POST \/commit request (CpuShares|Cpuset|Dns(\[\])?|MacAddress|Memory|MemorySwap|PortSpecs(\[\])?|Privileged|StopTimeout|VolumeDriver|VolumesFrom): /,
    ],
  },
  {
    why: 'clients of that time do it themselves; see the step of 1.25',
    what: [/^- POST \/containers\/create request HostConfig\.AutoRemove: boolean$/],
  },
  {
    why: 'daemons had the member and did nothing with it',
    what: [
      /^- POST \/containers\/create request StopTimeout: integer$/,
      /^- POST \/(containers\/create|networks\/\{id\}\/connect) request .*\.?Endpoint\S*\.MacAddress: string$/,
      /^- POST \/containers\/\{name\}\/update request (Blkio\w*Device\w*(\[\].*)?|PidsLimit): /,
      /^- POST \/containers\/\{name\}\/exec request (Container|Detach): /,
      /^- POST \/containers\/\{name\}\/copy request HostPath: string$/,
    ],
  },
  {
    why: 'a malformed request is a 400 from 1.24 on; before, where booleans were read strictly',
    what: [/^\+ .* status 400$/],
  },
  {
    why: 'documents alone: such failures were 500 up to 1.23',
    what: [/^- .* status 400$/],
    to: 23,
  },
  {
    why: 'what a container or network cannot do in its state is a conflict here at every version',
    what: [/^\+ .*(attach|attach\/ws|export|commit|networks\/create|connect) status 409$/],
  },
  {
    why: 'daemons found it out as we do, and documents do not tell',
    what: [
      /^\+ POST \/images\/(create|\{name\}\/insert) status 404$/,
      /^\+ POST \/volumes\/create status 404$/,
      /^\+ POST \/networks\/\{id\}\/(dis)?connect status 403$/,
    ],
  },
  {
    why: 'documents alone',
    what: [/^- DELETE \/images\/\{name\} status 204$/, /^- POST \/auth status (204|401|403)$/],
  },
];
