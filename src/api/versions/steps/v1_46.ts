/** API 1.46. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_46 = step('1.46', {
  summary: 'Container lists show annotations; tmpfs mounts take options; a built image has a create event.',
  requests: {
    'POST /containers/create': [added('body.HostConfig.Mounts[].TmpfsOptions.Options')],
    'POST /images/{name}/push': [added('query.platform')],
  },
  responses: {
    'GET /containers/json': [added('body[].HostConfig.Annotations')],
    'GET /system/df': [added('body.Containers[].HostConfig.Annotations')],
  },
  messages: {
    'GET /events': [
      {
        note: 'adds the create event of images',
        shape: 'none',
        down: (event) => (event.Type === 'image' && event.Action === 'create' ? undefined : event),
      },
    ],
  },
});
