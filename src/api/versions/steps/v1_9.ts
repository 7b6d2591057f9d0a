/** API 1.9. */
import { readJson } from '../../../formats/json.ts';
import { isDoc } from '../doc-path.ts';
import { wordsWere } from '../failure.ts';
import { stepsFromOne } from '../forms/builds.ts';
import { splitTag } from '../forms/images.ts';
import { added, removed, reshaped, said } from '../lens.ts';
import { type ShapeChange, shapeSpot } from '../shape.ts';
import { step } from '../step.ts';

/** Both headers are read where they are sent; the trait `buildLogins` tells what they mean. */
const oneLogin: ShapeChange = (shape) =>
  shapeSpot('headers.X-Registry-Auth').put(shape, shapeSpot('headers.X-Registry-Config').take(shape));

export const v1_9 = step('1.9', {
  summary: 'Signals have names; booleans are read leniently; a build brings credentials for every registry.',
  requests: {
    'POST /commit': [
      added('body.OnBuild'),
      reshaped('the configuration is the body', {
        up(doc) {
          const query = isDoc(doc.query) ? doc.query : {};
          const { run } = query;
          delete query.run;
          if (doc.body !== undefined || typeof run !== 'string') return;
          try {
            doc.body = readJson(run);
          } catch {
            // What could not be read was none, then.
          }
        },
        shape: said('query.run'),
      }),
    ],
    'POST /build': [reshaped('a login for each registry', { shape: oneLogin })],
    'POST /containers/create': [added('body.OnBuild')],
  },
  responses: {
    'GET /containers/json': [removed('body[].SizeRw', 0), removed('body[].SizeRootFs', 0)],
    'GET /info': [added('body.ExecutionDriver'), removed('body.LXCVersion', '')],
    'GET /containers/{name}/json': [added('body.Config.OnBuild')],
    'GET /images/{name}/json': [added('body.config.OnBuild'), added('body.container_config.OnBuild')],
  },
  failures: [
    wordsWere(
      'POST /containers/create',
      'image.notFound',
      ({ name }) => `No such image: ${splitTag(name).Repository}`,
    ),
  ],
  messages: { 'POST /build': [stepsFromOne] },
  before: { booleans: 'parsed', buildLogins: 'one' },
});
