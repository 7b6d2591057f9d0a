/** API 1.4. */
import { added, reshaped } from '../lens.ts';
import { type Doc, isDoc, memberOf } from '../place.ts';
import { step } from '../step.ts';

/** Both protocols stood in one map. */
function flatMapping(doc: Doc): void {
  const settings = memberOf(doc.body, 'NetworkSettings');
  const mapping = isDoc(settings) ? settings.PortMapping : undefined;
  if (isDoc(settings) && isDoc(mapping))
    settings.PortMapping = { ...(mapping.Udp as Doc), ...(mapping.Tcp as Doc) };
}

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
      reshaped('PortMapping has a map a protocol', { down: flatMapping }),
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
