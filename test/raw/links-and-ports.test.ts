/** Links and published ports on the wire, in the words of 1.0, 1.4, 1.9, 1.12, 1.20 and of no version. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

type Row = Record<string, unknown>;

/** What a version expects. */
interface Manner {
  readonly version: string | undefined;
  /** Where ports, and links where there are any, are asked for. */
  readonly create: Row;
  readonly start: Row | undefined;
  readonly listPath: string;
  /** What the list tells of the linking container, and of the other: its names and ports. */
  readonly listed: (host: number) => readonly unknown[];
  readonly otherListed: readonly unknown[];
  /** `HostConfig.Links` of inspect. */
  readonly links: unknown;
  /** The member of `NetworkSettings` with the ports. */
  readonly ports: (host: number) => Row;
  readonly knowsNames: boolean;
}

const EXPOSED = { ExposedPorts: { '80/tcp': {}, '99/tcp': {} } };
const PUBLISHED = { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } };
const LINKED = { Links: ['db:x'] };

const first: Manner = {
  version: '1.0',
  create: { PortSpecs: ['127.0.0.1::80'] },
  // No start of 1.0 had a body; that of 1.4 could not speak of links.
  start: undefined,
  listPath: '/containers/ps',
  listed: (host) => [undefined, `${host}->80`],
  otherListed: [undefined, ''],
  links: undefined,
  ports: (host) => ({ PortMapping: { 80: String(host) } }),
  knowsNames: false,
};
const fourth: Manner = {
  ...first,
  version: '1.4',
  start: LINKED,
  listPath: '/containers/json',
  ports: (host) => ({ PortMapping: { Tcp: { 80: String(host) }, Udp: {} } }),
};
const ninth: Manner = {
  ...fourth,
  version: '1.9',
  create: EXPOSED,
  start: { ...LINKED, ...PUBLISHED },
  listed: (host) => [['/web'], [{ Type: 'tcp', PublicPort: 99 }, published(host)]],
  otherListed: [['/db', '/web/x'], [{ Type: 'tcp', PublicPort: 5432 }]],
  links: null,
  ports: (host) => ({
    PortMapping: null,
    Ports: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(host) }], '99/tcp': null },
  }),
  knowsNames: true,
};
const twelfth: Manner = {
  ...ninth,
  version: '1.12',
  listed: (host) => [['/web'], [{ PrivatePort: 99, Type: 'tcp' }, published(host)]],
  otherListed: [['/db', '/web/x'], [{ PrivatePort: 5432, Type: 'tcp' }]],
};
const twentieth: Manner = {
  ...twelfth,
  version: '1.20',
  create: { ...EXPOSED, HostConfig: { ...LINKED, ...PUBLISHED } },
  start: undefined,
  links: ['/db:/web/x'],
};
const newest: Manner = {
  ...twentieth,
  version: undefined,
  ports: (host) => ({
    PortMapping: undefined,
    Ports: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(host) }], '99/tcp': null },
  }),
};
const published = (host: number) => ({ IP: '127.0.0.1', PrivatePort: 80, PublicPort: host, Type: 'tcp' });

const gantry = await startGantry({ after });
const today = gantry.api();

async function startToday(name: string, more: Row): Promise<void> {
  const made = await today.post(`/containers/create?name=${name}`, { Image: 'busybox', ...more });
  assert.equal(made.status, 201, made.text);
  assert.equal((await today.post(`/containers/${name}/start`)).status, 204);
}
await startToday('db', { Cmd: ['sleep', '1000'], ExposedPorts: { '5432/tcp': {} } });

/** The port of this host that was given to the container. */
async function hostPort(id: string): Promise<number> {
  const { NetworkSettings } = (await today.get(`/containers/${id}/json`)).json<{
    NetworkSettings: { Ports: Record<string, { HostPort: string }[] | null> };
  }>();
  return Number(NetworkSettings.Ports['80/tcp']?.[0]?.HostPort);
}

for (const manner of [first, fourth, ninth, twelfth, twentieth, newest])
  test(`links and ports in the words of ${manner.version ?? 'today'}`, async () => {
    const api = gantry.api(manner.version);
    const body = {
      Image: 'busybox',
      Cmd: ['sh', '-c', 'env; echo that is all; exec sleep 1000'],
      ...manner.create,
    };
    const made = await api.post('/containers/create?name=web', body);
    assert.equal(made.status, 201, made.text);
    const { Id } = made.json<{ Id: string }>();
    const started = await api.post(`/containers/${Id}/start`, manner.start);
    assert.equal(started.status, 204, started.text);

    const host = await hostPort(Id);
    const rows = (await api.get(manner.listPath)).json<Row[]>();
    const shown = rows.map(({ Names, Ports }) => [Names, Ports]);
    assert.deepEqual(shown, [manner.listed(host), manner.otherListed]);
    const { HostConfig, NetworkSettings } = (await api.get(`/containers/${Id}/json`)).json<{
      HostConfig?: Row;
      NetworkSettings: Row;
    }>();
    assert.deepEqual(HostConfig?.Links, manner.links);
    for (const [member, value] of Object.entries(manner.ports(host)))
      assert.deepEqual(NetworkSettings[member], value, member);

    const told = await until(
      async () => (await today.get(`/containers/${Id}/logs?stdout=1`)).text,
      (text) => text.includes('that is all'),
    );
    assert.equal(told.includes('X_NAME=/web/x\n'), manner.knowsNames);
    assert.match(told, manner.knowsNames ? /X_PORT_5432_TCP_PROTO=tcp\n/ : /^/);
    assert.equal((await api.get('/containers/web/x/json')).status, manner.knowsNames ? 200 : 404);
    if (manner.knowsNames) assert.equal((await api.delete('/containers/web/x?link=1')).status, 204);
    assert.equal((await api.get('/containers/web/x/json')).status, 404);
    assert.equal((await today.delete(`/containers/${Id}?force=1`)).status, 204);
  });

test('what cannot be linked has the status and words of its time', async () => {
  await startToday('plain', { Cmd: ['sleep', '1000'] });
  await startToday('hosted', { Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'host' } });
  const made = await today.post('/containers/create?name=off', { Image: 'busybox' });
  assert.equal(made.status, 201, made.text);
  const vague = "can't be used with links. This would result in undefined behavior";
  for (const [version, links, status, words] of [
    ['1.9', ['nosuch:x'], 500, 'Could not get container for nosuch\n'],
    ['1.20', ['nosuch:x'], 500, 'Could not get container for nosuch\n'],
    ['1.20', ['hosted'], 409, `Conflicting options: --net=host ${vague}\n`],
    ['1.23', ['hosted'], 409, `Conflicting options: host type networking ${vague}\n`],
    [
      '1.9',
      ['plain:x', 'db:x:y'],
      500,
      'Invalid format to parse.  db:x:y should match template name:alias\n',
    ],
    ['1.20', ['plain:x', 'db:x:y'], 500, 'bad format for links: db:x:y\n'],
  ] as const) {
    const answer = await gantry.api(version).post('/containers/off/start', { Links: links });
    assert.deepEqual([answer.status, answer.text], [status, words], version);
  }
  assert.equal((await today.post('/containers/plain/stop?t=0')).status, 204);
  const late = await gantry.api('1.9').post('/containers/off/start', { Links: ['plain:x'] });
  assert.deepEqual(
    [late.status, late.text],
    [500, 'Cannot start container off: Cannot link to a non running container: /plain AS /off/x\n'],
  );
  for (const [version, status, words] of [
    ['1.6', 404, 'No such link: off/nope\n'],
    ['1.12', 404, 'No such link: off/nope\n'],
    ['1.15', 404, 'No such container: off/nope\n'],
    [undefined, 404, '{"message":"No such container: off/nope"}\n'],
  ] as const) {
    const answer = await gantry.api(version).delete('/containers/off/nope?link=1');
    assert.deepEqual([answer.status, answer.text], [status, words], version);
  }
  const own = await gantry.api('1.12').delete('/containers/off?link=1');
  assert.deepEqual(
    [own.status, own.text],
    [409, 'Conflict, cannot remove the default name of the container\n'],
  );
});
