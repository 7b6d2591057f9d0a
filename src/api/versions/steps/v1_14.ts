/** API 1.14. */
import { type Doc, memberOf } from '../doc-path.ts';
import { wordsWere } from '../failure.ts';
import { added, removed } from '../lens.ts';
import { TEXTS } from '../shape.ts';
import { step } from '../step.ts';

export const v1_14 = step('1.14', {
  summary: 'Restart policies, capabilities and devices; removing by force kills; log times have nanoseconds.',
  requests: {
    'POST /containers/{name}/start': [
      added('body.CapAdd'),
      added('body.CapDrop'),
      added('body.Devices'),
      added('body.RestartPolicy'),
    ],
  },
  responses: {
    'GET /info': [
      added('body.OperatingSystem'),
      // 1.13 alone listed where the daemon listened.
      removed('body.Sockets', ({ all }: Doc) => memberOf(all, 'Sockets') ?? [], TEXTS),
    ],
    'GET /containers/{name}/json': [
      added('body.State.Restarting'),
      added('body.HostConfig.CapAdd'),
      added('body.HostConfig.CapDrop'),
      added('body.HostConfig.Devices'),
      added('body.HostConfig.RestartPolicy'),
    ],
  },
  failures: [
    wordsWere(
      'DELETE /containers/{name}',
      'container.alive',
      () => 'Impossible to remove a running container, please stop it first or use -f',
      { status: 406 },
    ),
  ],
  before: { removalGraceSeconds: 5, logStamp: 'stamp', startBody: 'jsonIfTyped' },
});
