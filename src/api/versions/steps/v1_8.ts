/** API 1.8. */

import { isDoc } from '../doc-path.ts';
import { builtAsText } from '../forms/builds.ts';
import { barOfDetail } from '../forms/progress.ts';
import { added, defaultWas, removed, reshaped, rewritten } from '../lens.ts';
import { shapeChanges, shapeOptional, shapeSpot } from '../shape.ts';
import { step } from '../step.ts';

const omittedWhenFalse = ['MemoryLimit', 'SwapLimit', 'IPv4Forwarding'];

export const v1_8 = step('1.8', {
  summary: 'Inspect shows HostConfig; progress has numbers; builds speak JSON.',
  requests: {
    'POST /containers/{name}/stop': [defaultWas('query.t', '10')],
    'POST /containers/{name}/restart': [defaultWas('query.t', '10')],
    'GET /images/search': [added('headers.X-Registry-Auth')],
    'POST /build': [added('headers.X-Registry-Auth')],
  },
  responses: {
    'POST /containers/create': [
      rewritten('body.Warnings', 'is there without warnings', {
        down: (warnings) => (Array.isArray(warnings) && warnings.length > 0 ? warnings : undefined),
        isOptional: true,
      }),
    ],
    'GET /containers/{name}/json': [added('body.HostConfig'), removed('body.SysInitPath', '')],
    'GET /version': [added('body.Os'), added('body.Arch'), added('body.KernelVersion')],
    'GET /info': [
      added('body.InitPath'),
      added('body.InitSha1'),
      reshaped('flags are numbers and always there', {
        down({ body }) {
          if (!isDoc(body)) return;
          for (const name of ['Debug', ...omittedWhenFalse])
            body[name] = body[name] === 1 || body[name] === true;
          for (const name of omittedWhenFalse) if (body[name] === false) delete body[name];
        },
        shape: shapeChanges(
          (shape) => {
            for (const name of ['Debug', ...omittedWhenFalse])
              shapeSpot(`body.${name}`).change(shape, () => ({ type: 'boolean' }));
          },
          shapeOptional(...omittedWhenFalse.map((name) => `body.${name}`)),
        ),
      }),
    ],
    'GET /images/{name}/json': [added('body.os')],
  },
  messages: {
    'POST /images/create': [barOfDetail],
    'POST /images/{name}/push': [barOfDetail],
    'POST /images/{name}/insert': [barOfDetail],
    'POST /build': [barOfDetail, builtAsText],
  },
  before: { progressAsText: ['buildImage'] },
});
