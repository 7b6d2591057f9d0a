/** API 1.40. */
import { added, defaultWas } from '../lens.ts';
import { step } from '../step.ts';

export const v1_40 = step('1.40', {
  summary: 'IPC namespaces are private by default; devices can be requested by capability.',
  adds: ['HEAD /_ping'],
  requests: {
    'POST /build': [added('query.outputs')],
    'POST /containers/create': [
      added('body.HostConfig.DeviceRequests'),
      added('body.HostConfig.Capabilities'),
      added('body.HostConfig.Mounts[].BindOptions.NonRecursive'),
      defaultWas('body.HostConfig.IpcMode', 'shareable'),
    ],
    'POST /containers/{name}/update': [added('body.DeviceRequests'), added('body.PidsLimit')],
  },
  responses: {
    'GET /info': [added('body.PidsLimit'), added('body.KernelMemoryTCP')],
    'GET /containers/{name}/json': [
      added('body.HostConfig.DeviceRequests'),
      added('body.HostConfig.KernelMemoryTCP'),
    ],
  },
});
