/** API 1.4. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_4 = step('1.4', {
  summary: 'Events tell the image; info tells the kernel; a container has a working directory.',
  adds: ['POST /containers/{name}/copy'],
  requests: {
    'POST /containers/create': [
      added('body.WorkingDir'),
      added('body.NetworkDisabled'),
      added('body.Privileged'),
    ],
    'POST /containers/{name}/start': [added('body.LxcConf'), added('body.ContainerIDFile')],
  },
  responses: {
    'GET /containers/{name}/json': [
      added('body.Config.Privileged'),
      added('body.Config.WorkingDir'),
      added('body.Config.NetworkDisabled'),
    ],
    'GET /info': [
      added('body.LXCVersion'),
      added('body.NEventsListener'),
      added('body.KernelVersion'),
      added('body.IPv4Forwarding'),
      added('body.IndexServerAddress'),
    ],
    'GET /images/{name}/json': [
      added('body.config.WorkingDir'),
      added('body.config.NetworkDisabled'),
      added('body.container_config.WorkingDir'),
      added('body.container_config.NetworkDisabled'),
    ],
  },
  messages: {
    'GET /events': [{ note: 'adds from', down: ({ from: _image, ...event }) => event }],
    'POST /images/create': [
      { note: 'layers come in parallel, told by id', down: ({ id: _layer, ...message }) => message },
    ],
  },
});
