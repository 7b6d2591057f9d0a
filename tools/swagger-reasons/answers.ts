/** Why what is answered at 1.25 and later is not in every point what the published Swagger document of that version says. */
import type { Reason } from '../../test/api/documents/differences.ts';

/** Lines as `test/versions/published.ts` makes them. */
export const answerReasons: readonly Reason[] = [
  {
    why: 'a list, a map or a number that nobody gave is null on the wire, as clients of Go programs read it',
    what: [/^(GET|POST) \S+ 20[01] \S+ is null$/],
  },
  {
    why: 'sent since 1.25 or before, published later',
    what: [
      /^GET \/info 200 \/(Plugins|RegistryConfig)? must NOT have additional properties \w+$/,
      /^GET \/containers\/\{\}\/json 200 \/NetworkSettings must NOT have additional properties \w+$/,
    ],
    to: 31,
  },
  {
    why: 'sent since it came, published later',
    what: [
      /^GET \/info 200 \/ must NOT have additional properties KernelMemory$/,
      /^GET \/containers\/\{\}\/json 200 \/ must NOT have additional properties Platform$/,
      /^GET \/containers\/\{\}\/json 200 \/State must NOT have additional properties Health$/,
      /^GET \/containers\/\{\}\/json 200 \/HostConfig must NOT have additional properties (Init|KernelMemory)$/,
      /^GET \/networks(\/\{\})? 200 \S+ must NOT have additional properties (Attachable|Config(From|Only)|Name)$/,
      /^GET \/exec\/\{\}\/json 200 \/ must NOT have additional properties (CanRemove|DetachKeys)$/,
      /^GET \/system\/df 200 \/ must NOT have additional properties BuilderSize$/,
      /^GET \/events 200 \/ must NOT have additional properties scope$/,
      /^POST \/build\/prune 200 \/ must NOT have additional properties CachesDeleted$/,
    ],
    to: 41,
  },
  {
    why: 'a slip of letters in the document of 1.27',
    what: [/ must NOT have additional properties NanoCpus$/],
    from: 27,
    to: 27,
  },
  {
    why: 'ports, bindings and execs were printed in another form than they travel in',
    what: [
      /^GET \/containers\/\{\}\/json 200 \/NetworkSettings\/Ports must be array$/,
      /^GET \/containers\/\{\}\/json 200 \/HostConfig\/PortBindings\/\{\} must be object$/,
      /^GET \/containers\/\{\}\/json 200 \/ExecIDs must be string$/,
    ],
    to: 37,
  },
  {
    why: 'a set of names was printed as an object with one member, called additionalProperties',
    what: [/ 200 \/Config\/Volumes must NOT have additional properties /],
    to: 36,
  },
  {
    why: 'the list of containers was printed as a list of lists',
    what: [/^GET \/system\/df 200 \/Containers\/\[\] must be array$/],
    to: 39,
  },
  {
    why: 'what a prune of networks removes was printed as volumes',
    what: [/^POST \/networks\/prune 200 \/ must NOT have additional properties NetworksDeleted$/],
    to: 25,
  },
  {
    why: 'events of the first versions, which daemons sent up to 1.51 for old readers',
    what: [/^GET \/events 200 \/ must NOT have additional properties (from|id|status)$/],
    to: 51,
  },
  {
    why: 'failures that daemons answered so, and that were published later, or never',
    what: [
      /^DELETE \/networks\/\{\} 403 is not documented$/,
      /^GET \/containers\/\{\}\/(logs 400|top 409) is not documented$/,
      /^POST \/containers\/\{\}\/(kill|unpause) 409 is not documented$/,
      /^POST \/volumes\/create 400 is not documented$/,
      /^GET \/(swarm|nodes|services|tasks|secrets) 503 is not documented$/,
    ],
  },
  {
    why: 'what daemons of that time wrote where nobody said anything',
    what: [/^GET \/containers\/\{\}\/json 200 \/HostConfig\/MemorySwappiness must be >= 0$/],
    to: 30,
  },
  {
    why: 'the policy that restarts nothing has a name, which was published later',
    what: [/^GET \/containers\/\{\}\/json 200 \/HostConfig\/RestartPolicy\/Name must be equal to one of /],
    to: 40,
  },
  {
    why: 'the lists of before stand beside the new members from 1.52 on, as daemons have them',
    what: [
      /^GET \/system\/df 200 \/ must NOT have additional properties (LayersSize|Images|Containers|Volumes|BuildCache)$/,
    ],
    from: 52,
  },
];
