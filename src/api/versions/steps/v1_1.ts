/** API 1.1. */

import { isDoc, memberOf } from '../doc-path.ts';
import { statusWas } from '../failure.ts';
import { insertedStatus } from '../forms/progress.ts';
import { added, removed, reshaped } from '../lens.ts';
import { shapeWith } from '../shape.ts';
import { step } from '../step.ts';

export const v1_1 = step('1.1', {
  summary: 'Progress is JSON; info tells limits.',
  adds: ['POST /containers/{name}/resize'],
  responses: {
    'POST /containers/create': [removed('body.Warnings', null)],
    'GET /info': [
      added('body.MemoryLimit'),
      added('body.SwapLimit'),
      removed('body.Version', (doc: unknown) => memberOf(memberOf(doc, 'body'), 'ServerVersion'), {
        type: 'string',
      }),
      removed('body.GoVersion', () => `node ${process.versions.node}`, { type: 'string' }),
    ],
    'GET /version': [
      added('body.GoVersion'),
      reshaped('limits move to info', {
        down({ body, info }) {
          const { MemoryLimit, SwapLimit } = isDoc(info) ? info : {};
          if (isDoc(body)) Object.assign(body, { MemoryLimit, SwapLimit });
        },
        shape: shapeWith({ 'body.MemoryLimit': { type: 'boolean' }, 'body.SwapLimit': { type: 'boolean' } }),
      }),
    ],
    'GET /images/{name}/json': [added('body.architecture')],
  },
  messages: { 'POST /images/{name}/insert': [insertedStatus] },
  failures: [statusWas('any', 406, 500)],
  before: {
    progressAsText: ['imageCreate', 'imagePush', 'imageInsert', 'imageLoad', 'buildImage'],
    versionTellsLimits: true,
  },
});
