/** API 1.16. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_16 = step('1.16', {
  summary:
    'Info names the host; execs can be inspected; containers choose their IPC namespace and MAC address.',
  adds: ['GET /exec/{id}/json'],
  requests: {
    'GET /events': [added('query.filters')],
    'POST /containers/create': [added('body.MacAddress'), added('body.HostConfig.IpcMode')],
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
