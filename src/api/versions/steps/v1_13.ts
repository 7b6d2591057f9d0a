/** API 1.13. */
import { notYet, statusWas, wordsWere } from '../failure.ts';
import { added, defaultWas, rewritten } from '../lens.ts';
import { step } from '../step.ts';

export const v1_13 = step('1.13', {
  summary: 'Start and stop answer 304 when nothing changes; logs have a tail.',
  requests: {
    'GET /containers/{name}/logs': [added('query.tail')],
    'POST /commit': [defaultWas('query.pause', '0')],
  },
  responses: {
    'GET /containers/{name}/json': [
      rewritten('body.HostConfig.Links', 'links are shown', { down: () => null }),
    ],
    'GET /info': [added('body.Sockets')],
  },
  before: { unknownAnchors: 'ignored' },
  failures: [
    statusWas(['POST /containers/{name}/start', 'POST /containers/{name}/stop'], 304, 204),
    // A line of text in an answer that looked well.
    wordsWere(
      'GET /containers/{name}/logs',
      'container.noStream',
      () => 'Error: You must choose at least one stream',
      { status: 200 },
    ),
    notYet('GET /containers/{name}/logs', 400),
  ],
});
