/** Why what is answered at 1.25 and later is not in every point what the published Swagger document of that version says. */
import type { Reason } from '../../test/api/documents/differences.ts';

/** Lines as `test/versions/published.ts` makes them. */
export const answerReasons: readonly Reason[] = [
  {
    why: 'a list, a map or a number that nobody gave is null on the wire, as clients of Go programs read it',
    what: [/^GET \/\S+ 200 \S+ is null$/],
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
      /^GET \/(swarm|nodes|services|tasks|secrets) 503 is not documented$/,
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
    why: 'addresses were printed as maps of texts, and options as a list of maps',
    what: [
      /^GET \/networks(\/\{\})? 200 \S+\/AuxiliaryAddresses must be string$/,
      /^GET \/networks(\/\{\})? 200 \S+\/Options must be array$/,
    ],
    to: 40,
  },
  {
    why: 'printed in the letters of the code, not in those of the wire',
    what: [/^GET \/distribution\/\{\}\/json 200 \S+ must NOT have additional properties /],
    to: 39,
  },
  {
    why: 'what daemons of that time wrote where nobody said anything',
    what: [
      /^GET \/containers\/\{\}\/json 200 \/HostConfig\/MemorySwappiness must be >= 0$/,
      /^GET \/containers\/\{\}\/json 200 \/HostConfig\/RestartPolicy\/Name must be equal to one of /,
    ],
    to: 30,
  },
  {
    why: '1.52 has the lists of before beside the new members, as its history says',
    what: [
      /^GET \/system\/df 200 \/ must NOT have additional properties (LayersSize|Images|Containers|Volumes|BuildCache)$/,
    ],
    from: 52,
    to: 52,
  },
];
