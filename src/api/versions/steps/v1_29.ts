/** API 1.29. */
import { wordsWere } from '../failure.ts';
import { withoutTagging } from '../forms/builds.ts';
import { networkMember } from '../forms/networks.ts';
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_29 = step('1.29', {
  summary: 'Health checks know a period in which a container starts.',
  adds: ['GET /tasks/{id}/logs'],
  requests: {
    'POST /containers/create': [added('body.Healthcheck.StartPeriod')],
    'POST /networks/create': [added('body.Ingress')],
    'POST /build': [added('query.target')],
    'GET /services/{id}': [added('query.insertDefaults')],
    'PUT /containers/{name}/archive': [added('query.copyUIDGID')],
    'POST /commit': [added('body.Healthcheck.StartPeriod')],
  },
  responses: {
    ...networkMember('Ingress'),
    'GET /containers/{name}/json': [added('body.Config.Healthcheck.StartPeriod')],
    'GET /images/{name}/json': [
      added('body.Config.Healthcheck.StartPeriod'),
      added('body.ContainerConfig.Healthcheck.StartPeriod'),
    ],
  },
  messages: { 'POST /build': [withoutTagging] },
  failures: [
    wordsWere(
      'any',
      'log.pluginUnknown',
      ({ driver }) => `logger: no log driver named '${driver}' is registered`,
    ),
  ],
});
