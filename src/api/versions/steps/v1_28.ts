/** API 1.28. */
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_28 = step('1.28', {
  summary: 'Rules for devices; an update may change NanoCpus; WebSocket attach is binary.',
  requests: {
    'POST /build': [added('query.extrahosts')],
    'POST /containers/create': [
      added('body.HostConfig.DeviceCgroupRules'),
      added('body.HostConfig.Mounts[].Consistency'),
    ],
    'POST /containers/{name}/update': [added('body.DeviceCgroupRules'), added('body.NanoCpus')],
    'GET /networks/{id}': [added('query.verbose')],
    'GET /plugins': [added('query.filters')],
    'POST /plugins/{name}/disable': [added('query.force')],
    'POST /services/{id}/update': [added('query.rollback')],
  },
  before: { webSocketFrames: 'text', networkLists: 'withContainers' },
  responses: { 'GET /containers/{name}/json': [added('body.HostConfig.DeviceCgroupRules')] },
});
