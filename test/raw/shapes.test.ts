/** A real container, told in every version from 1.0 to 1.24: all that the version's documents and daemons had is there. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { excused, missing, required } from '../api/required.ts';
import { startGantry } from '../harness/gantry.ts';
import type { Api } from '../harness/http.ts';

const gantry = await startGantry({ after });
const newest = gantry.api();
const { Id } = (
  await newest.post('/containers/create?name=web', {
    Image: 'busybox',
    Cmd: ['sleep', '600'],
    Labels: { a: 'b' },
    ExposedPorts: { '80/tcp': {} },
    HostConfig: { Binds: ['/etc:/b:ro'], PortBindings: { '80/tcp': [{ HostPort: '' }] } },
  })
).json<{ Id: string }>();
assert.equal((await newest.post(`/containers/${Id}/start`)).status, 204);
const exec = (await newest.post(`/containers/${Id}/exec`, { Cmd: ['true'] })).json<{ Id: string }>();

const paths: Readonly<Record<string, string>> = {
  ContainerList: '/containers/json?all=1&size=1',
  ContainerInspect: `/containers/${Id}/json`,
  ImageList: '/images/json',
  ImageInspect: '/images/busybox/json',
  ImageHistory: '/images/busybox/history',
  Info: '/info',
  Version: '/version',
  ExecInspect: `/exec/${exec.Id}/json`,
};

async function lacking(api: Api, endpoint: string, minor: number): Promise<string[]> {
  const wanted = required(endpoint, minor);
  if (!wanted) return [];
  const answer = await api.get(paths[endpoint] ?? '');
  assert.equal(answer.status, 200, answer.text);
  return missing(answer.json(), wanted).filter((path) => !excused[endpoint]?.test(path));
}

for (let minor = 0; minor <= 24; minor++)
  test(`a running container and all around it have the shape of v1.${minor}`, async () => {
    const api = gantry.api(`1.${minor}`);
    const lacks: Record<string, string[]> = {};
    for (const endpoint of Object.keys(paths)) lacks[endpoint] = await lacking(api, endpoint, minor);
    assert.deepEqual(lacks, Object.fromEntries(Object.keys(paths).map((endpoint) => [endpoint, []])));
  });
