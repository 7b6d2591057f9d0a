/** Endpoints that a version no longer has. */
import assert from 'node:assert/strict';
import type { Check, Texts } from '../probe.ts';

const NOT_FOUND: Texts = [
  [0, '404 page not found'],
  [24, 'page not found'],
];

/** Routes that a version no longer has. */
const routes: readonly (readonly [endpoint: string, from: number, method: string, path: string])[] = [
  ['AuthGet', 2, 'GET', '/auth'],
  ['ImageGetCache', 5, 'POST', '/images/getCache'],
  ['ImageInsert', 12, 'POST', '/images/busybox/insert?url=http://x/&path=/x'],
  ['ContainerCopy', 24, 'POST', '/containers/nobody/copy'],
];

export const gone: readonly Check[] = [
  ...routes.map(
    ([endpoint, from, method, path]): Check => ({
      endpoint,
      what: 'is there no longer',
      from,
      beyond: true,
      async run(probe) {
        const answer = await probe.api.request(method, path, { body: method === 'POST' ? {} : undefined });
        assert.equal(answer.status, 404, answer.text);
        if (answer.text !== '') probe.says(answer, NOT_FOUND);
      },
    }),
  ),
  {
    endpoint: 'ImageViz',
    what: 'is left to clients',
    from: 7,
    until: 19,
    beyond: true,
    async run(probe) {
      const answer = await probe.api.get('/images/viz');
      assert.equal(answer.status, 404, answer.text);
      probe.says(answer, 'This is now implemented in the client.');
    },
  },
];
