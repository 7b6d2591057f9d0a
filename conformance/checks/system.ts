/** The engine itself: what it tells of itself, its ping, its answers to browsers and about swarms. */
import assert from 'node:assert/strict';
import { contract } from '../contract.ts';
import { type Check, check } from '../probe.ts';

type Doc = Record<string, unknown>;

/** The four flags that were numbers for a while. */
const FLAGS = ['MemoryLimit', 'SwapLimit', 'IPv4Forwarding'] as const;

const itself: readonly Check[] = [
  check('Info', 'has every member of its version', async (probe) => {
    const told = probe.succeeded<Doc>('Info', await probe.api.get('/info'));
    assert.ok(Number(told.Images) >= 1);
    for (const flag of FLAGS)
      if (flag in told && probe.minor >= 1)
        assert.equal(typeof told[flag], probe.minor >= 8 && probe.minor < 19 ? 'number' : 'boolean', flag);
  }),
  check('Version', 'has every member of its version', async (probe) => {
    const told = probe.succeeded<Doc>('Version', await probe.api.get('/version'));
    assert.equal('MemoryLimit' in told, probe.minor < 1);
    assert.equal('Os' in told, probe.minor >= 8);
    assert.equal('ApiVersion' in told, probe.minor >= 11);
    assert.equal('BuildTime' in told, probe.minor >= 20);
  }),
  check('Ping', 'is two letters', async (probe) => {
    const answer = await probe.api.get('/_ping');
    assert.equal(answer.text, 'OK');
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
  }),
  check('Options', 'any path answers 200 and nothing', async (probe) => {
    for (const path of ['/containers/json', '/no/where', '/images/x/json']) {
      const answer = await probe.api.request('OPTIONS', path);
      assert.deepEqual([answer.status, answer.text], [200, '']);
    }
  }),
];

/** Calls of swarm mode, and what an engine in no swarm says to them. */
const swarmCalls = Object.entries(contract).filter(([id]) => /^(Swarm|Node|Service|Task)/.test(id));

const swarm: readonly Check[] = swarmCalls.map(([id, { route }]) =>
  check(id, 'answers as an engine that is in no swarm', async (probe) => {
    const [method = '', path = ''] = route.split(' ');
    const query = /update$/.test(path) ? '?version=1' : '';
    const body = method === 'POST' ? {} : undefined;
    const answer = await probe.api.request(method, `${path.replace(/\{\w+\}/g, 'x')}${query}`, { body });
    if (id === 'SwarmInit' || id === 'SwarmJoin') {
      // There is no swarm mode to enter: it is said plainly.
      assert.ok(answer.status >= 400, `${answer.status}`);
      probe.says(answer, /swarm/i);
    } else {
      assert.equal(answer.status, 406, answer.text);
      probe.says(answer, /^This node is not (a swarm manager\. |part of (a )?swarm)/);
    }
  }),
);

const plugins: readonly Check[] = [
  check('PluginList', 'is an empty list', async (probe) => {
    assert.deepEqual(probe.succeeded('PluginList', await probe.api.get('/plugins')), []);
  }),
  ...(
    [
      ['PluginInspect', 'GET', '/plugins/nobody'],
      ['PluginEnable', 'POST', '/plugins/nobody/enable'],
      ['PluginDisable', 'POST', '/plugins/nobody/disable'],
      ['PluginDelete', 'DELETE', '/plugins/nobody'],
      ['PluginPush', 'POST', '/plugins/nobody/push'],
    ] as const
  ).map(([id, method, path]) =>
    check(id, 'there is no such plugin', async (probe) => {
      const answer = await probe.api.request(method, path);
      assert.equal(answer.status, 404, answer.text);
      probe.says(answer, /nobody.*not found|page not found/);
    }),
  ),
  check('PluginPull', 'is refused, with its reason', async (probe) => {
    const answer = await probe.api.post('/plugins/pull?name=x');
    assert.ok(answer.status >= 400, `${answer.status}`);
    probe.says(answer, /plugin|page not found/);
  }),
];

export const system: readonly Check[] = [...itself, ...plugins, ...swarm];
