/** API 1.41. */

import { type Doc, isDoc } from '../doc-path.ts';
import { added, neverNull, refused, reshaped, said } from '../lens.ts';
import { step } from '../step.ts';

/** The parameter `filter` named a repository: today that is the filter `reference`. */
function filterToReference(doc: Doc): void {
  const query = isDoc(doc.query) ? doc.query : {};
  const name = query.filter;
  delete query.filter;
  if (typeof name !== 'string' || name === '') return;
  const said = typeof query.filters === 'string' ? query.filters : '{}';
  try {
    const filters: unknown = JSON.parse(said);
    if (isDoc(filters) && filters.reference === undefined)
      query.filters = JSON.stringify({ ...filters, reference: [name] });
  } catch {
    // Filters that cannot be read are reported where all filters are read.
  }
}

/** 1.40 alone had them, and no daemon since can have them. */
const CAPABILITIES =
  'the HostConfig.Capabilities field is not supported by this daemon; use CapAdd and CapDrop to set capabilities';

function exactCapabilities({ body }: Doc): string | undefined {
  const asked = isDoc(body) && isDoc(body.HostConfig) ? body.HostConfig.Capabilities : undefined;
  return Array.isArray(asked) && asked.length > 0 ? CAPABILITIES : undefined;
}

export const v1_41 = step('1.41', {
  summary: 'Create picks a platform; cgroup namespaces can be private; info tells the cgroup version.',
  requests: {
    'GET /containers/{name}/stats': [added('query.one-shot')],
    'GET /services': [added('query.status')],
    'POST /containers/create': [
      added('query.platform'),
      added('body.HostConfig.CgroupnsMode'),
      refused('HostConfig.Capabilities goes', exactCapabilities),
    ],
    'GET /images/json': [
      reshaped('filter becomes the filter reference', {
        up: filterToReference,
        shape: said('query.filter'),
      }),
    ],
  },
  responses: {
    'GET /info': [added('body.OSVersion'), added('body.CgroupVersion'), added('body.DefaultAddressPools')],
    'GET /containers/{name}/json': [
      added('body.HostConfig.CgroupnsMode'),
      // Before, daemons knew cgroup v1 alone, where this can always be said.
      neverNull('body.HostConfig.OomKillDisable', false),
    ],
  },
  messages: {
    'GET /events': [
      {
        note: 'adds prune events',
        shape: 'none',
        down: (event) => (event.Action === 'prune' ? undefined : event),
      },
    ],
  },
  before: { memoryBytesMin: 4 << 20 },
});
