/** API 1.32. */

import { statusWas, wordsWere } from '../failure.ts';
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_32 = step('1.32', {
  summary: 'Pull and import pick a platform.',
  failures: [
    statusWas('GET /containers/{name}/top', 409, 500),
    wordsWere('GET /containers/{name}/top', 'container.psFailed', () => 'Error running ps: exit status 1'),
  ],
  requests: {
    'POST /images/create': [added('query.platform')],
    'POST /build': [added('query.platform')],
    'POST /networks/{id}/connect': [added('body.EndpointConfig.DriverOpts')],
    'POST /containers/create': [added('body.NetworkingConfig.EndpointsConfig.{}.DriverOpts')],
  },
  responses: {
    'GET /containers/json': [added('body[].NetworkSettings.Networks.{}.DriverOpts')],
    'GET /containers/{name}/json': [added('body.NetworkSettings.Networks.{}.DriverOpts')],
    'GET /system/df': [added('body.Containers[].NetworkSettings.Networks.{}.DriverOpts')],
    'GET /info': [added('body.GenericResources')],
  },
});
