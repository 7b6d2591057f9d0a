/** What every driver must hold, as tests: a driver's own test file calls this with networks of its kind. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../../base/log.ts';
import { parseAddress } from '../addresses/address.ts';
import { contains, parseSubnet } from '../addresses/subnet.ts';
import type { Network } from '../network.ts';
import { Networks } from '../networks.ts';
import { addressIn, type Endpoint, type Endpoints } from '../sandbox/endpoint.ts';
import { ask, openNamespace, readAt, serve } from '../test-host.ts';
import { links } from '../test-network.ts';

/** A kind of network under test. */
export interface DriverCase {
  readonly kind: string;
  /** A network of this kind with the subnet; each of an engine's has its own number, from 0. */
  add(networks: Networks, number: number, subnet: string): Network;
}

const SUBNETS = ['10.66.0.0/28', '10.67.0.0/24'] as const;

interface Scene {
  readonly networks: Networks;
  readonly execRoot: string;
  readonly first: Network;
  readonly second: Network;
  /** A sandbox on these networks, held by a container of its own name. */
  open(id: string, ...on: Network[]): Promise<Endpoints>;
  /** A descriptor of the sandbox's namespace. */
  enter(id: string): number;
  /** The engine's next life: nothing was closed. */
  reborn(): Scene;
}

/** Nothing is mended by the clock: an engine that was killed mends nothing either. */
const NEVER_MS = 3_600_000;

function sceneOf(end: AsyncDisposableStack, driver: DriverCase, execRoot: string): Scene {
  const networks = new Networks({
    execRoot,
    tableName: 'test_suite',
    log: silentLog,
    watchEveryMs: NEVER_MS,
  });
  const [first, second] = SUBNETS.map((subnet, number) => driver.add(networks, number, subnet));
  assert.ok(first && second);
  end.defer(() => networks.close());
  return {
    networks,
    execRoot,
    first,
    second,
    open: (id, ...on) =>
      networks.sandboxes.open({
        sandboxId: id,
        owner: id,
        ports: [],
        endpoints: on.map((network) => ({ network, macAddress: undefined })),
      }),
    enter: (id) => {
      const fd = openNamespace(networks.sandboxes.sandboxPath(id));
      end.defer(() => closeSync(fd));
      return fd;
    },
    reborn: () => sceneOf(end, driver, execRoot),
  };
}

const four = (endpoint: Endpoint | undefined): string =>
  (endpoint && addressIn(endpoint, 4)?.address) ?? assert.fail('no endpoint');

/** Declares the tests. The host's namespace must be the test's own. */
export function testDriver(driver: DriverCase): void {
  const scene: Declare = (name, work) => {
    test(`${driver.kind}: ${name}`, async (t) => {
      const before = await links();
      const execRoot = mkdtempSync(join(tmpdir(), 'gantry-net-'));
      t.after(() => rmSync(execRoot, { recursive: true }));
      {
        await using end = new AsyncDisposableStack();
        await work(sceneOf(end, driver, execRoot));
      }
      assert.deepEqual(readdirSync(join(execRoot, 'netns')), []);
      assert.deepEqual(await links(), before);
    });
  };

  testEndpoints(driver, scene);
  testLives(scene);
}

type Declare = (name: string, work: (scene: Scene) => Promise<void>) => void;

function testEndpoints(driver: DriverCase, scene: Declare): void {
  scene('an endpoint has an interface, a hardware address and an address of its network', async (at) => {
    assert.equal(at.first.driver, driver.kind);
    const endpoint = (await at.open('one', at.first))[at.first.id];
    assert.ok(endpoint);
    assert.ok(contains(parseSubnet(SUBNETS[0]), parseAddress(four(endpoint))));
    assert.equal(endpoint.interfaceName, 'eth0');
    const place = at.enter('one');
    assert.match(readAt(place, '/proc/net/dev'), /^ *eth0:/m);
    assert.match(readAt(place, '/proc/net/fib_trie'), new RegExp(`${four(endpoint)}\\s+/32 host LOCAL`));
    await at.networks.sandboxes.leave('one', 'one');
  });

  scene('neighbours on a network reach each other', async (at) => {
    const one = (await at.open('one', at.first))[at.first.id];
    const two = (await at.open('two', at.first))[at.first.id];
    {
      await using _server = await serve(at.enter('two'), 80, 'two');
      assert.equal(await ask(at.enter('one'), four(two), 80), `two ${four(one)}`);
    }
    await at.networks.sandboxes.leave('one', 'one');
    await at.networks.sandboxes.leave('two', 'two');
  });

  scene(
    'neighbours that are linked reach each other, and where they did before, without the link too',
    async (at) => {
      await at.open('one', at.first);
      const two = (await at.open('two', at.first))[at.first.id];
      {
        await using _server = await serve(at.enter('two'), 80, 'two');
        const asked = () => ask(at.enter('one'), four(two), 80);
        const before = await asked();
        const services = [{ protocol: 'tcp', containerPort: 80 }] as const;
        for (let times = 0; times < 2; times++) await at.first.link('one', 'two', services);
        assert.match(await asked(), /^two /);
        for (let times = 0; times < 2; times++) await at.first.unlink('one', 'two');
        assert.equal(await asked(), before);
      }
      await at.networks.sandboxes.leave('one', 'one');
      await at.networks.sandboxes.leave('two', 'two');
    },
  );

  scene('a sandbox on two networks has an interface and a neighbour on each', async (at) => {
    const both = await at.open('both', at.first, at.second);
    const near = await at.open('near', at.second);
    assert.deepEqual(Object.keys(both), [at.first.id, at.second.id]);
    assert.equal(both[at.second.id]?.interfaceName, 'eth1');
    {
      await using _server = await serve(at.enter('near'), 80, 'near');
      const answer = await ask(at.enter('both'), four(near[at.second.id]), 80);
      assert.equal(answer, `near ${four(both[at.second.id])}`);
    }
    await at.networks.sandboxes.leave('both', 'both');
    await at.networks.sandboxes.leave('near', 'near');
  });

  scene('many at once have an address each, and what they leave is given again', async (at) => {
    const room = 13; // a /28 without its gateway
    const ids = Array.from({ length: room }, (_, i) => `c${i}`);
    const given = await Promise.all(ids.map(async (id) => four((await at.open(id, at.first))[at.first.id])));
    assert.equal(new Set(given).size, room);
    await assert.rejects(at.open('late', at.first), /no available IPv4 addresses/);
    await at.networks.sandboxes.leave('c5', 'c5');
    assert.equal(four((await at.open('late', at.first))[at.first.id]), given[5]);
    for (const id of [...ids, 'late']) await at.networks.sandboxes.leave(id, id);
  });
}

function testLives(scene: Declare): void {
  scene('an address is free when the last holder of its sandbox leaves', async (at) => {
    const address = four((await at.open('owner', at.first))[at.first.id]);
    assert.equal(four(at.networks.sandboxes.share('owner', 'guest')?.[at.first.id]), address);
    await at.networks.sandboxes.leave('owner', 'owner');
    const others = Array.from({ length: 12 }, (_, i) => `c${i}`);
    for (const id of others) assert.notEqual(four((await at.open(id, at.first))[at.first.id]), address);
    await assert.rejects(at.open('late', at.first), /no available IPv4 addresses/);
    await at.networks.sandboxes.leave('owner', 'guest');
    assert.equal(four((await at.open('late', at.first))[at.first.id]), address);
    for (const id of [...others, 'late']) await at.networks.sandboxes.leave(id, id);
  });

  scene('the next life keeps what is alive, and removes the rest', async (at) => {
    const living = await at.open('living', at.first);
    await at.open('dead', at.first);
    const next = at.reborn();
    next.networks.claim(new Map([['living', { endpoints: living, owner: 'gone', holders: ['guest'] }]]));
    const opening = next.open('fresh', next.first);
    await sleep(50);
    assert.deepEqual(readdirSync(join(at.execRoot, 'netns')).sort(), ['dead', 'living'], 'it waits');
    await next.networks.restore();
    const fresh = await opening;
    assert.deepEqual(readdirSync(join(at.execRoot, 'netns')).sort(), ['fresh', 'living']);
    assert.notEqual(four(fresh[next.first.id]), four(living[next.first.id]));
    {
      await using _server = await serve(next.enter('living'), 80, 'living');
      assert.match(await ask(next.enter('fresh'), four(living[next.first.id]), 80), /^living /);
    }
    for (const network of [next.first, next.second]) await network.mend();
    await next.networks.sandboxes.leave('fresh', 'fresh');
    await next.networks.sandboxes.leave('living', 'guest');
    for (const id of ['living', 'dead']) await at.networks.sandboxes.leave(id, id);
  });

  scene('a sandbox has a name of its own', async (at) => {
    await at.open('one', at.first);
    await assert.rejects(at.open('one', at.first), { kind: 'conflict' });
    await assert.rejects(at.open('../one', at.first), { kind: 'invalid' });
    await at.networks.sandboxes.leave('one', 'one');
  });
}
