/** API 1.16. */

import { type Doc, memberOf } from '../doc-path.ts';
import { tagTakenIn1_15 } from '../forms/image-words.ts';
import { added, removed, rewritten } from '../lens.ts';
import { TEXTS } from '../shape.ts';
import { step } from '../step.ts';

/** Clients of before send it as a matter of course (daemon 1.4's `runconfig/merge.go` is the first to tell them apart). */
const emptyEntrypoint = rewritten('body.Entrypoint', 'an empty entry point sets the image’s aside', {
  up: (said) => (Array.isArray(said) && said.length === 0 ? undefined : said),
});

export const v1_16 = step('1.16', {
  summary:
    'Info names the host; execs can be inspected; containers choose their IPC namespace and MAC address.',
  adds: ['GET /exec/{id}/json'],
  requests: {
    'GET /events': [added('query.filters')],
    'POST /containers/create': [added('body.MacAddress'), added('body.HostConfig.IpcMode'), emptyEntrypoint],
    'POST /commit': [emptyEntrypoint],
    'POST /build': [added('query.pull')],
    'POST /containers/{name}/start': [added('body.IpcMode')],
  },
  failures: [tagTakenIn1_15],
  responses: {
    'GET /info': [
      added('body.ID'),
      added('body.Name'),
      added('body.NCPU'),
      added('body.MemTotal'),
      added('body.DockerRootDir'),
      added('body.Labels'),
    ],
    'GET /images/{name}/json': [
      added('body.Checksum'),
      removed('body.Config.SecurityOpt', null, TEXTS),
      removed('body.ContainerConfig.SecurityOpt', null, TEXTS),
      added('body.Config.MacAddress'),
      added('body.ContainerConfig.MacAddress'),
    ],
    'GET /containers/{name}/json': [
      added('body.State.OOMKilled'),
      added('body.State.Error'),
      // Docker 1.3.0 and 1.3.1 had the options here, 1.3.2 in HostConfig; all of them spoke 1.15.
      removed(
        'body.Config.SecurityOpt',
        (doc: Doc) => memberOf(memberOf(doc.body, 'HostConfig'), 'SecurityOpt') ?? null,
        TEXTS,
      ),
      added('body.Config.MacAddress'),
      added('body.HostConfig.IpcMode'),
    ],
  },
  before: { allowedHeaders: 'Origin, X-Requested-With, Content-Type, Accept' },
});
