/** API 1.12. */

import { type Doc, isDoc, memberOf } from '../doc-path.ts';
import { shortForm } from '../forms/events.ts';
import { lowerCased, lowerCasedShape } from '../forms/images.ts';
import { insertedBareId } from '../forms/progress.ts';
import { added, copied, defaultWas, removed, reshaped } from '../lens.ts';
import { shapeOptional, shapeWithout } from '../shape.ts';
import { step } from '../step.ts';

/** Unpublished ports were told as public ones. */
function unpublishedAsPublic(doc: Doc): void {
  for (const container of Array.isArray(doc.body) ? doc.body.filter(isDoc) : []) {
    for (const port of Array.isArray(container.Ports) ? container.Ports.filter(isDoc) : []) {
      if (port.PublicPort !== undefined) continue;
      port.PublicPort = port.PrivatePort;
      delete port.PrivatePort;
    }
  }
}

const inspections: readonly string[] = ['GET /containers/{name}/json', 'GET /images/{name}/json'];

export const v1_12 = step('1.12', {
  summary: 'Inspect writes names with capitals; containers can be paused; images can be filtered.',
  adds: ['POST /containers/{name}/pause', 'POST /containers/{name}/unpause'],
  removes: ['POST /images/{name}/insert'],
  requests: {
    'GET /images/json': [added('query.filters')],
    'GET /containers/json': [added('query.filters')],
    'POST /containers/create': [added('body.Cpuset')],
    'POST /commit': [copied('query.m', 'query.comment')],
    'POST /build': [added('query.forcerm'), defaultWas('query.rm', '0')],
  },
  responses: {
    'GET /images/search': [added('body[].is_automated')],
    'GET /images/{name}/json': [
      reshaped('names have capitals', {
        down(doc) {
          if (isDoc(doc.body)) doc.body = lowerCased(doc.body);
        },
        shape: lowerCasedShape,
      }),
    ],
    'GET /containers/json': [
      reshaped('an unpublished port is private', {
        down: unpublishedAsPublic,
        shape: shapeOptional('body[].Ports[].PrivatePort'),
      }),
    ],
    'GET /containers/{name}/json': [
      // Documents print `Id`, daemons sent `ID`: both are there, so that clients of either belief find theirs.
      removed('body.ID', (doc: Doc) => memberOf(doc.body, 'Id'), { type: 'string' }),
      added('body.State.Paused'),
      added('body.Config.Cpuset'),
    ],
  },
  before: { sharedNames: 'refused' },
  failures: [
    {
      note: 'a name that is a container’s and an image’s is no conflict',
      statuses(route, told) {
        if (inspections.includes(route)) told.add(409);
      },
      down: () => undefined,
    },
  ],
  // See 1.22: from here on a client may be one of a later time.
  messages: {
    'POST /images/{name}/insert': [insertedBareId],
    'GET /events': [
      {
        note: 'adds Type, Action and Actor for newer clients',
        shape: shapeWithout('body.Type', 'body.Action', 'body.Actor', 'body.scope'),
        down: shortForm,
      },
    ],
  },
});
