/** API 1.45. */

import { shortId } from '../../../formats/digest.ts';
import { type Doc, isDoc, memberOf } from '../doc-path.ts';
import { contextWas } from '../failure.ts';
import { mountOptions, mountsOf } from '../forms/containers.ts';
import { blankContainerConfig, containerConfigShape } from '../forms/images.ts';
import { refused, removed, reshaped, untold } from '../lens.ts';
import { step } from '../step.ts';

const predefined = new Set(['bridge', 'host', 'none', 'default']);

/**
 * Aliases contained the short id and the host name on networks that users made, from the first start on: Compose 1 takes
 * the short id for a sign that a container is connected as it wants, and leaves it alone.
 */
function aliasesWithShortId(doc: Doc): void {
  if (memberOf(memberOf(doc.body, 'State'), 'Status') === 'created') return;
  const networks = memberOf(memberOf(doc.body, 'NetworkSettings'), 'Networks');
  const id = shortId(String(memberOf(doc.body, 'Id') ?? ''));
  const hostname = memberOf(memberOf(doc.body, 'Config'), 'Hostname');
  for (const [name, endpoint] of Object.entries(isDoc(networks) ? networks : {})) {
    if (predefined.has(name) || !isDoc(endpoint)) continue;
    const aliases = Array.isArray(endpoint.Aliases) ? endpoint.Aliases : [];
    endpoint.Aliases = [...new Set([...aliases, id, ...(hostname ? [hostname] : [])])];
  }
}

export const v1_45 = step('1.45', {
  summary: 'A part of a volume can be mounted; image inspect loses Container and ContainerConfig.',
  requests: {
    'POST /containers/create': [
      refused('a part of a volume may be mounted', (doc) =>
        mountsOf(doc).some((mount) => mountOptions(mount, 'VolumeOptions')?.Subpath)
          ? 'VolumeOptions.Subpath needs API v1.45 or newer'
          : undefined,
      ),
    ],
  },
  responses: {
    'GET /containers/{name}/json': [
      reshaped('Aliases no longer contain the short id', { down: aliasesWithShortId, shape: 'none' }),
    ],
    'GET /images/{name}/json': [
      untold('Container', ''),
      removed(
        'body.ContainerConfig',
        ({ all }: Doc) => ({
          ...blankContainerConfig,
          ...(memberOf(all, 'ContainerConfig') as Doc | undefined),
        }),
        containerConfigShape,
      ),
    ],
  },
  failures: [
    contextWas(
      'POST /containers/{name}/kill',
      'container.kill',
      ({ name }) => `Cannot kill container: ${name}`,
    ),
  ],
});
