/** Documents of a form that nobody expects, on their way through every step. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from '../../base/errors.ts';
import { contract, type OperationName, operationOf } from '../contract/index.ts';
import type { Doc } from './doc-path.ts';
import { dialectOf } from './index.ts';

const NO_OBJECTS: readonly unknown[] = [undefined, null, 3, '', 'text', true, [], [null, 3]];
const MEMBERS = [
  ...[
    'HostConfig',
    'Config',
    'NetworkSettings',
    'NetworkingConfig',
    'Mounts',
    'State',
    'Containers',
    'Volumes',
  ],
  ...[
    'Images',
    'BuildCache',
    'Warnings',
    'Actor',
    'Ports',
    'PortSpecs',
    'Healthcheck',
    'IPAM',
    'Options',
    'Health',
  ],
];
/** Bodies that are no objects, and objects whose members are none where these should be. */
const bodies = (): unknown[] => [
  ...NO_OBJECTS,
  {},
  [{}],
  ...NO_OBJECTS.flatMap((each) => {
    const members = Object.fromEntries(MEMBERS.map((name) => [name, each]));
    return [
      members,
      { ...members, HostConfig: members, Config: members, NetworkSettings: members },
      [members],
    ];
  }),
];
const routes = (Object.keys(contract) as OperationName[]).map((name) => operationOf(name).route as string);

for (const version of ['1.0', '1.10', '1.20', '1.24', '1.40', '1.47'])
  test(`in ${version} no answer of another form breaks anything`, () => {
    const dialect = dialectOf(version);
    for (const route of routes)
      for (const body of bodies())
        dialect.response(route, {
          status: 200,
          body,
          all: structuredClone(body),
          info: body,
          container: body,
        });
  });

for (const version of ['1.0', '1.10', '1.20', '1.24', '1.40', '1.47'])
  test(`in ${version} a request of another form is read, or refused as one`, () => {
    const dialect = dialectOf(version);
    for (const route of routes)
      for (const body of bodies())
        for (const query of [{}, undefined, { filters: body, t: body, registry: body }]) {
          const doc: Doc = {
            query: structuredClone(query),
            body: structuredClone(body),
            headers: {},
            params: {},
          };
          try {
            dialect.request(route, doc);
          } catch (error) {
            assert.ok(error instanceof InvalidArgument, `${route} ${JSON.stringify(body)}: ${error}`);
          }
        }
  });
