/** API 1.4. */

import { type Doc, memberOf } from '../doc-path.ts';
import { notYet } from '../failure.ts';
import { registryOfCreate, registryOfPush } from '../forms/images.ts';
import { added, reshaped, said } from '../lens.ts';
import { shapeOf, shapeWithout } from '../shape.ts';
import { type MessageLens, step } from '../step.ts';

/** Four columns of each process, by name. */
function processList(doc: Doc): void {
  const [titles, rows] = [memberOf(doc.body, 'Titles'), memberOf(doc.body, 'Processes')];
  const cell = (row: unknown, title: string) =>
    Array.isArray(row) && Array.isArray(titles) ? (row[titles.indexOf(title)] ?? '') : '';
  doc.body = (Array.isArray(rows) ? rows : []).map((row) => ({
    PID: cell(row, 'PID'),
    Tty: cell(row, 'TTY'),
    Time: cell(row, 'TIME'),
    Cmd: cell(row, 'CMD'),
  }));
}

const serial: MessageLens = {
  note: 'layers come in parallel, told by id',
  shape: shapeWithout('body.id'),
  down: ({ id: _layer, ...message }) => message,
};

export const v1_4 = step('1.4', {
  summary: 'Events tell the image; info tells the kernel; a container has a working directory.',
  adds: ['POST /containers/{name}/copy'],
  requests: {
    'POST /images/getCache': ['WorkingDir', 'NetworkDisabled', 'Privileged'].map((name) =>
      added(`body.${name}`),
    ),
    'GET /containers/{name}/top': [added('query.ps_args')],
    'POST /build': [added('query.nocache')],
    'POST /images/create': [
      reshaped('a registry is part of the name', {
        up: registryOfCreate,
        shape: said('query.registry'),
      }),
    ],
    'POST /images/{name}/push': [
      reshaped('a registry is part of the name', {
        up: registryOfPush,
        shape: said('query.registry'),
      }),
    ],
    'POST /containers/create': [
      added('body.WorkingDir'),
      added('body.NetworkDisabled'),
      added('body.Privileged'),
    ],
    'POST /containers/{name}/start': [added('body.LxcConf'), added('body.ContainerIDFile')],
    'POST /commit': [added('body.NetworkDisabled'), added('body.WorkingDir')],
  },
  responses: {
    'GET /containers/{name}/top': [
      reshaped('a table with titles', {
        down: processList,
        shape: (shape) => Object.assign(shape, { body: shapeOf([{ PID: '', Tty: '', Time: '', Cmd: '' }]) }),
      }),
    ],
    'GET /containers/{name}/json': [
      added('body.Config.Privileged'),
      added('body.Config.WorkingDir'),
      added('body.Config.NetworkDisabled'),
    ],
    'GET /info': [
      added('body.LXCVersion'),
      added('body.NEventsListener'),
      added('body.KernelVersion'),
      added('body.IPv4Forwarding'),
      added('body.IndexServerAddress'),
    ],
    'GET /images/{name}/json': [
      added('body.config.Privileged'),
      added('body.container_config.Privileged'),
      added('body.config.WorkingDir'),
      added('body.config.NetworkDisabled'),
      added('body.container_config.WorkingDir'),
      added('body.container_config.NetworkDisabled'),
    ],
  },
  before: { layers: 'serial', sharedNames: 'apart' },
  failures: [notYet(['GET /containers/{name}/json', 'GET /images/{name}/json'], 409)],
  messages: {
    'GET /events': [
      { note: 'adds from', shape: shapeWithout('body.from'), down: ({ from: _image, ...event }) => event },
    ],
    'POST /images/create': [serial],
    'POST /images/{name}/push': [serial],
    'POST /images/{name}/insert': [serial],
  },
});
