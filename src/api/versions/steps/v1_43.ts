/** API 1.43. */

import { isDoc, memberOf } from '../doc-path.ts';
import { added, reshaped } from '../lens.ts';
import { step } from '../step.ts';

function nameTheNameless(images: unknown): void {
  for (const image of Array.isArray(images) ? images.filter(isDoc) : []) {
    const isEmpty = (names: unknown) => !Array.isArray(names) || names.length === 0;
    if (!isEmpty(image.RepoTags) || !isEmpty(image.RepoDigests)) continue;
    image.RepoTags = ['<none>:<none>'];
    image.RepoDigests = ['<none>@<none>'];
  }
}

export const v1_43 = step('1.43', {
  summary: 'Containers carry annotations; images without a name have empty lists instead of <none>.',
  requests: { 'POST /containers/create': [added('body.HostConfig.Annotations')] },
  responses: {
    'GET /containers/{name}/json': [added('body.HostConfig.Annotations')],
    'GET /images/json': [
      reshaped('images without a name are no longer called <none>', {
        down: ({ body }) => nameTheNameless(body),
        shape: 'none',
      }),
    ],
    'GET /system/df': [
      reshaped('images without a name are no longer called <none>', {
        down: ({ body }) => nameTheNameless(memberOf(body, 'Images')),
        shape: 'none',
      }),
    ],
    'GET /info': [added('body.Runtimes.{}.runtimeType')],
  },
});
