/** API 1.46. */
import { type Doc, homeIn, isDoc, memberOf } from '../doc-path.ts';
import { added, reshaped } from '../lens.ts';
import { step } from '../step.ts';

/** Undocumented, but docker-py says it there: what stood beside `HostConfig` was read as its, where there was none. */
function carryRuntime({ body }: Doc): void {
  const runtime = memberOf(body, 'Runtime');
  if (!isDoc(body) || typeof runtime !== 'string' || runtime === '') return;
  if (memberOf(body, 'HostConfig') === undefined) homeIn(body, 'HostConfig').Runtime = runtime;
}

export const v1_46 = step('1.46', {
  summary: 'Container lists show annotations; tmpfs mounts take options; a built image has a create event.',
  requests: {
    'POST /containers/create': [
      added('body.HostConfig.Mounts[].TmpfsOptions.Options'),
      reshaped('a Runtime beside HostConfig is not read', { up: carryRuntime, shape: 'none' }),
    ],
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
