/** API 1.8. */

import { type Doc, isDoc } from '../doc-path.ts';
import { builtAsText } from '../forms/builds.ts';
import { barOfDetail } from '../forms/progress.ts';
import { added, defaultWas, removed, reshaped, rewritten } from '../lens.ts';
import { shapeChanges, shapeOptional, shapeSpot } from '../shape.ts';
import { step } from '../step.ts';

const omittedWhenFalse = ['MemoryLimit', 'SwapLimit', 'IPv4Forwarding'];
const omittedWhenEmpty = [
  ...['Driver', 'NFd', 'NGoroutines'],
  ...['LXCVersion', 'NEventsListener', 'KernelVersion', 'IndexServerAddress'],
];

/** Nothing told of what was zero or without a letter. */
function omitEmpty({ body }: Doc): void {
  if (!isDoc(body)) return;
  for (const name of omittedWhenEmpty) if (body[name] === 0 || body[name] === '') delete body[name];
}

/** A grace that was no number, or below zero, was the usual one; now the latter has no end. */
const tenUnlessSeconds = rewritten('query.t', 'must be a number', {
  up: (said) => (/^\+?\d+$/.test(String(said)) ? said : '10'),
});

/** The daemons of the time wrote all members of a port, whether or not they knew them. */
function zeroPrivatePorts({ body }: Doc): void {
  for (const container of Array.isArray(body) ? body.filter(isDoc) : [])
    for (const port of Array.isArray(container.Ports) ? container.Ports.filter(isDoc) : [])
      if (port.PrivatePort === undefined) {
        port.PrivatePort = 0;
        port.IP ??= '';
      }
}

export const v1_8 = step('1.8', {
  summary: 'Inspect shows HostConfig; progress has numbers; builds speak JSON.',
  requests: {
    'POST /containers/{name}/stop': [defaultWas('query.t', '10'), tenUnlessSeconds],
    'POST /containers/{name}/restart': [defaultWas('query.t', '10'), tenUnlessSeconds],
    'GET /images/search': [added('headers.X-Registry-Auth')],
    'POST /build': [added('headers.X-Registry-Auth')],
  },
  responses: {
    'GET /containers/json': [
      reshaped('an unpublished port has no private one', {
        down: zeroPrivatePorts,
        shape: 'none',
      }),
    ],
    'POST /containers/create': [
      reshaped('Warnings is there without warnings', {
        down({ body }) {
          if (isDoc(body) && !(Array.isArray(body.Warnings) && body.Warnings.length > 0))
            delete body.Warnings;
        },
        shape: shapeOptional('body.Warnings'),
      }),
    ],
    'GET /containers/{name}/json': [added('body.HostConfig'), removed('body.SysInitPath', '')],
    'GET /version': [added('body.Os'), added('body.Arch'), added('body.KernelVersion')],
    'GET /info': [
      added('body.InitPath'),
      added('body.InitSha1'),
      reshaped('what is empty is there', {
        down: omitEmpty,
        shape: shapeOptional(...omittedWhenEmpty.map((name) => `body.${name}`)),
      }),
      reshaped('flags are numbers and always there', {
        down({ body }) {
          if (!isDoc(body)) return;
          for (const name of ['Debug', ...omittedWhenFalse])
            body[name] = body[name] === 1 || body[name] === true;
          for (const name of omittedWhenFalse) if (body[name] === false) delete body[name];
        },
        shape: shapeChanges(
          (shape) => {
            for (const name of ['Debug', ...omittedWhenFalse])
              shapeSpot(`body.${name}`).change(shape, () => ({ type: 'boolean' }));
          },
          shapeOptional(...omittedWhenFalse.map((name) => `body.${name}`)),
        ),
      }),
    ],
    'GET /images/{name}/json': [added('body.os')],
  },
  messages: {
    'POST /images/create': [barOfDetail],
    'POST /images/{name}/push': [barOfDetail],
    'POST /images/{name}/insert': [barOfDetail],
    'POST /build': [barOfDetail, builtAsText],
  },
  before: { imageUsers: 'lose', progressAsText: ['buildImage'] },
});
