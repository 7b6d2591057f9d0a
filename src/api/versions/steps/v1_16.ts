/** API 1.16. */
import { added, rewritten } from '../lens.ts';
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
  },
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
      added('body.Config.MacAddress'),
      added('body.ContainerConfig.MacAddress'),
    ],
    'GET /containers/{name}/json': [
      added('body.State.OOMKilled'),
      added('body.State.Error'),
      added('body.Config.MacAddress'),
      added('body.HostConfig.IpcMode'),
    ],
  },
});
