/** API 1.7. */

import { type Doc, memberOf } from '../doc-path.ts';
import { statusWas, wordsWere } from '../failure.ts';
import { withShortId } from '../forms/events.ts';
import { entryPerTag, shortId } from '../forms/images.ts';
import { noSuch } from '../forms/not-found.ts';
import { importedShortId, insertedId } from '../forms/progress.ts';
import { below1_7 } from '../forms/said-at-create.ts';
import { added, moved, removed, reshaped, rewritten } from '../lens.ts';
import { shapeChanges, shapeWith, shapeWithout } from '../shape.ts';
import { step } from '../step.ts';

export const v1_7 = step('1.7', {
  summary: 'Image lists have one entry an image; images can be exported and loaded.',
  adds: ['GET /images/{name}/get', 'POST /images/load'],
  removes: ['GET /images/viz'],
  requests: {
    'POST /containers/create': [moved('body.Privileged', 'body.HostConfig.Privileged')],
    'POST /containers/{name}/start': [added('body.Privileged'), added('body.PublishAllPorts')],
  },
  responses: {
    'GET /images/json': [
      reshaped('one entry an image instead of one a tag', {
        down(doc) {
          doc.body = entryPerTag(doc.body);
        },
        shape: shapeChanges(
          shapeWithout('body[].RepoTags', 'body[].ParentId'),
          shapeWith({ 'body[].Repository': { type: 'string' }, 'body[].Tag': { type: 'string' } }),
        ),
      }),
    ],
    'GET /images/{name}/history': [added('body[].Size')],
    'POST /commit': [rewritten('body.Id', 'is the full id', { down: shortId })],
    'GET /info': [added('body.Driver'), added('body.DriverStatus')],
    'GET /containers/{name}/json': [
      added('body.Driver'),
      removed(
        'body.Config.Privileged',
        (doc: Doc) => memberOf(memberOf(doc.body, 'HostConfig'), 'Privileged') ?? false,
        { type: 'boolean' },
      ),
    ],
    'GET /images/{name}/json': [
      removed('body.config.Privileged', false),
      removed('body.container_config.Privileged', false),
    ],
  },
  messages: {
    'POST /images/{name}/insert': [insertedId],
    'POST /images/create': [importedShortId],
    'GET /events': [withShortId],
  },
  failures: [
    wordsWere('POST /containers/{name}/copy', 'container.copiesNothing', () => 'Resource cannot be empty'),
    statusWas('any', 404, 500, {
      origin: 'engine',
      not: [...noSuch, 'volume.notFound', 'request.loginsNotKept', 'image.notMadeBefore'],
    }),
  ],
  before: { saidAtCreate: below1_7, imageGraph: 'drawn' },
});
