/** API 1.54. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_54 = step('1.54', {
  summary: 'Image lists can show identities; a network connect applies its MacAddress. ',
  requests: {
    'POST /networks/{id}/connect': [added('body.EndpointConfig.MacAddress')],
    'GET /images/json': [added('query.identity')],
  },
  responses: {
    'GET /images/json': [added('body[].Manifests[].ImageData.Identity')],
    'GET /images/{name}/json': [added('body.Manifests[].ImageData.Identity')],
    'GET /system/df': ['ImageUsage.Items', 'Images'].map((list) =>
      added(`body.${list}[].Manifests[].ImageData.Identity`),
    ),
  },
});
