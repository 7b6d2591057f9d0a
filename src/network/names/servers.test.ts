import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import packet, { type Packet } from 'dns-packet';
import { silentLog } from '../../base/log.ts';
import * as linux from '../../linux/index.ts';
import * as nft from '../netlink/nftables.ts';
import * as route from '../netlink/route.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import { addNeighbour, datagramSocket, onHostOfItsOwn, serveDatagrams } from '../test-host.ts';
import type { Forwarding } from './answer.ts';
import { listRedirection, portsIn } from './redirect.ts';
import { NameServers } from './servers.ts';
import { connectionTo } from './sockets.ts';
import {
  addressed,
  askByDatagram,
  askByStream,
  framedQuestion,
  startResolver,
  toldBy,
} from './test-names.ts';
import { Zone } from './zone.ts';

await onHostOfItsOwn();

/** Where the name servers of these tests are asked: port 53 is others' on some machines. */
const PORT = 5300;

async function newNamespace(t: TestContext): Promise<number> {
  const { fd, result: inside } = linux.newNetworkNamespace(() => new NetlinkSocket(PROTOCOL.ROUTE));
  t.after(() => closeSync(fd));
  await inside.ask([route.raise('lo')]);
  inside.close();
  return fd;
}

const pathOf = (fd: number): string => `/proc/self/fd/${fd}`;

function zoneWithWeb(): Zone {
  const zone = new Zone('net');
  zone.add('e', { names: ['web'], addresses: ['10.0.0.2'], primary: 'web' });
  return zone;
}
const viewOn = (zone: Zone, forwarding: Partial<Forwarding> = {}) => ({
  networks: () => [{ zone, links: new Map<string, string>() }],
  forwarding: () => ({ servers: undefined, allowed: true, keepsSingleLabels: false, ...forwarding }),
});

/** Name servers that follow a host's file of the test's own. */
function nameServers(t: TestContext, hostServers: readonly string[] = []) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-names-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'resolv.conf');
  const write = (servers: readonly string[]): void =>
    writeFileSync(file, servers.map((each) => `nameserver ${each}\n`).join(''));
  write(hostServers);
  const servers = new NameServers({ log: silentLog, resolverFile: file, port: PORT });
  t.after(() => servers.closeAll());
  return { servers, write };
}

test('a sandbox asks 127.0.0.11 by datagram and by connection, several questions on one', async (t) => {
  const fd = await newNamespace(t);
  const { servers } = nameServers(t);
  await servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  assert.deepEqual(toldBy(await askByDatagram(fd, 'web')), ['10.0.0.2']);
  assert.deepEqual(toldBy(await askByDatagram(fd, 'web', { type: 'AAAA' })), 'code 0');
  const asked = [framedQuestion('web'), framedQuestion('WEB.net'), framedQuestion('web', { type: 'MX' })];
  assert.deepEqual((await askByStream(fd, Buffer.concat(asked), 3)).map(toldBy), [
    ['10.0.0.2'],
    ['10.0.0.2'],
    'code 0',
  ]);
});

test('port 53 stays free for a name server of the container, whose own questions pass it', async (t) => {
  const fd = await newNamespace(t);
  const { servers } = nameServers(t);
  await servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  await using own = await serveDatagrams(fd, 53, 'their own');
  assert.ok(own);
  assert.deepEqual(toldBy(await askByDatagram(fd, 'web')), ['10.0.0.2']);
});

test('what changes in the zone counts for the next question', async (t) => {
  const fd = await newNamespace(t);
  const zone = zoneWithWeb();
  const { servers } = nameServers(t);
  await servers.open('s', pathOf(fd), viewOn(zone));
  zone.add('f', { names: ['new'], addresses: ['10.0.0.3'], primary: 'new' });
  assert.deepEqual(toldBy(await askByDatagram(fd, 'new')), ['10.0.0.3']);
  zone.remove('f');
  assert.equal(toldBy(await askByDatagram(fd, 'new')), 'code 2'); // nobody else to ask
});

test('who asks while nobody serves hears nothing, and the next life of the engine serves in its place', async (t) => {
  const fd = await newNamespace(t);
  const before = nameServers(t);
  await before.servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  before.servers.closeAll();
  // A refusal would have a resolver give up at once; silence has it ask again.
  assert.equal(await askByDatagram(fd, 'web', { patienceMs: 200 }), 'silence');
  const after = nameServers(t);
  await after.servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  assert.deepEqual(toldBy(await askByDatagram(fd, 'web')), ['10.0.0.2']);
});

test('the next life of the engine has the same ports, unless the rules are not whole, or somebody has taken one', async (t) => {
  const fd = await newNamespace(t);
  const netfilter = linux.inNetworkNamespace(fd, () => new NetlinkSocket(PROTOCOL.NETFILTER));
  t.after(() => netfilter.close());
  const portsNow = async () => portsIn(nft.readRules(await netfilter.ask([listRedirection()])));
  const live = async (between: () => Promise<void> | void) => {
    const { servers } = nameServers(t);
    await servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
    assert.deepEqual(toldBy(await askByDatagram(fd, 'web')), ['10.0.0.2']);
    assert.deepEqual((await askByStream(fd, framedQuestion('web'), 1)).map(toldBy), [['10.0.0.2']]);
    servers.closeAll();
    await between();
    return await portsNow();
  };
  const first = await live(() => undefined);
  assert.ok(first !== undefined);
  const taken: number[] = [];
  t.after(() => taken.forEach((each) => closeSync(each)));
  const take = (): void => {
    taken.push(
      linux.inNetworkNamespace(fd, () => {
        const made = linux.socket(linux.AF.INET, linux.SOCK.DGRAM, 0);
        linux.bind(made, linux.inetAddress(Buffer.alloc(4), first.udp));
        return made;
      }),
    );
  };
  assert.deepEqual(await live(take), first);
  const second = await live(() => undefined);
  assert.notEqual(second?.udp, first.udp);
  const { batch, deleteTable, tableOf } = nft;
  const gone = await live(async () => {
    await netfilter.ask(batch([deleteTable(tableOf(4, 'gantry_names'))]));
  });
  assert.equal(gone, undefined);
  assert.ok((await live(() => undefined)) !== undefined);
});

test('other names are asked of the host’s servers, as its file names them now, by the same transport', async (t) => {
  const fd = await newNamespace(t);
  await using first = await startResolver('127.0.0.53', PORT, addressed('192.0.2.1'));
  await using second = await startResolver('127.0.0.54', PORT, addressed('192.0.2.2'));
  const { servers, write } = nameServers(t, ['127.0.0.53']);
  await servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  assert.deepEqual(toldBy(await askByDatagram(fd, 'Example.org')), ['192.0.2.1']);
  assert.deepEqual((await askByStream(fd, framedQuestion('example.org'), 1)).map(toldBy), [['192.0.2.1']]);
  write(['127.0.0.54']);
  await sleep(1100); // the file is read again after a second
  assert.deepEqual(toldBy(await askByDatagram(fd, 'example.org')), ['192.0.2.2']);
  await askByDatagram(fd, 'web', { type: 'AAAA' });
  assert.deepEqual(first.heard, ['Example.org', 'example.org']);
  assert.deepEqual(second.heard, ['example.org']);
});

test('a server of the host can have an IPv6 address', async (t) => {
  const fd = await newNamespace(t);
  await using host = await startResolver('::1', PORT, addressed('192.0.2.6'));
  const { servers } = nameServers(t, ['::1']);
  await servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  assert.deepEqual(toldBy(await askByDatagram(fd, 'example.org')), ['192.0.2.6']);
  assert.deepEqual((await askByStream(fd, framedQuestion('example.org'), 1)).map(toldBy), [['192.0.2.6']]);
  assert.equal(host.heard.length, 2);
});

test('a server that is silent, and one that cannot help, hold up nobody', async (t) => {
  const fd = await newNamespace(t);
  await using silent = await startResolver('127.0.0.53', PORT, () => []);
  await using refusing = await startResolver('127.0.0.54', PORT, (_asked, message = Buffer.alloc(12)) => {
    const answer = Buffer.from(message);
    answer.writeUInt16BE(0x8185, 2);
    return [answer];
  });
  await using good = await startResolver('127.0.0.55', PORT, addressed('192.0.2.3'));
  const { servers } = nameServers(t, ['127.0.0.53', '127.0.0.54', '127.0.0.55']);
  await servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  for (const name of ['a.org', 'b.org'])
    assert.deepEqual(toldBy(await askByDatagram(fd, name)), ['192.0.2.3']);
  assert.deepEqual(silent.heard, ['a.org']); // asked last from now on
  assert.deepEqual(refusing.heard, ['a.org', 'b.org']);
  assert.deepEqual(good.heard, ['a.org', 'b.org']);
});

test('SC-NET-06: without an answer there is a failure: nobody there, nobody allowed, nobody named', async (t) => {
  const { servers } = nameServers(t, ['127.0.0.53']);
  await using host = await startResolver('127.0.0.53', PORT, addressed('192.0.2.1'));
  const forwarding: Record<string, Partial<Forwarding>> = {
    internal: { allowed: false },
    own: { servers: ['127.0.0.1'] }, // inside of the sandbox: refused there
    itself: { servers: ['127.0.0.11'] },
    none: { servers: [] },
  };
  for (const [id, each] of Object.entries(forwarding)) {
    const fd = await newNamespace(t);
    await servers.open(id, pathOf(fd), viewOn(zoneWithWeb(), each));
    assert.equal(toldBy(await askByDatagram(fd, 'example.org')), 'code 2', id);
    assert.deepEqual(toldBy(await askByDatagram(fd, 'web')), ['10.0.0.2'], id);
  }
  assert.deepEqual(host.heard, []);
});

test("a container's own servers are asked from inside of its sandbox, on networks that lead nowhere else too", async (t) => {
  const neighbour = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => neighbour.close());
  await using resolver = await startResolver('10.9.0.1', PORT, addressed('192.0.2.4'));
  const { servers } = nameServers(t);
  await servers.open(
    's',
    pathOf(neighbour.fd),
    viewOn(zoneWithWeb(), { servers: ['10.9.0.1'], allowed: false }),
  );
  assert.deepEqual(toldBy(await askByDatagram(neighbour.fd, 'example.org')), ['192.0.2.4']);
  assert.deepEqual((await askByStream(neighbour.fd, framedQuestion('example.org'), 1)).map(toldBy), [
    ['192.0.2.4'],
  ]);
  assert.equal(resolver.heard.length, 2);
});

test('a name without a dot is kept where its resolver is to try it with a domain', async (t) => {
  const fd = await newNamespace(t);
  await using host = await startResolver('127.0.0.53', PORT, addressed('192.0.2.1'));
  const { servers } = nameServers(t, ['127.0.0.53']);
  await servers.open('s', pathOf(fd), viewOn(zoneWithWeb(), { keepsSingleLabels: true }));
  assert.equal(toldBy(await askByDatagram(fd, 'single')), 'code 0');
  assert.deepEqual(host.heard, []);
});

test('SC-NET-09: answers of others, and guesses, are not taken for the answer; numbers and ports are random', async (t) => {
  const fd = await newNamespace(t);
  const ids = new Set<number>();
  const wrong = (asked: Packet): Buffer => addressed('203.0.113.66')(asked)[0] ?? Buffer.alloc(0);
  await using host = await startResolver('127.0.0.53', PORT, (asked) => {
    ids.add(asked.id);
    const guesses = Array.from({ length: 10 }, (_, i) =>
      wrong({ ...asked, id: (asked.id + 1 + i) & 0xffff }),
    );
    const other = wrong({ ...asked, questions: [{ name: 'other.org', type: 'A', class: 'IN' }] });
    return [...guesses, other, ...addressed('192.0.2.1')(asked)];
  });
  const { servers } = nameServers(t, ['127.0.0.53']);
  await servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  for (let i = 0; i < 20; i++)
    assert.deepEqual(toldBy(await askByDatagram(fd, 'example.org')), ['192.0.2.1']);
  assert.ok(ids.size >= 19);
  assert.ok(new Set(host.ports).size >= 19);
});

test('an answer from a server that was not asked is not heard', async (t) => {
  const fd = await newNamespace(t);
  await using forger = await startResolver('127.0.0.66', PORT, () => []);
  await using host = await startResolver('127.0.0.53', PORT, (asked) => {
    forger.send(addressed('203.0.113.66')(asked)[0] ?? Buffer.alloc(0), host.ports.at(-1) ?? 0);
    return [];
  });
  const { servers } = nameServers(t, ['127.0.0.53']);
  await servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  assert.equal(await askByDatagram(fd, 'example.org', { patienceMs: 300 }), 'silence');
  assert.equal(host.heard.length, 1);
});

test('who guesses on and on has the question given up, not answered wrongly', async (t) => {
  const fd = await newNamespace(t);
  // The right number comes at last: too late.
  await using host = await startResolver('127.0.0.53', PORT, (asked) =>
    Array.from({ length: 40 }, (_, i) => i).flatMap((i) =>
      addressed('203.0.113.66')({ ...asked, id: (asked.id + 39 - i) & 0xffff }),
    ),
  );
  const { servers } = nameServers(t, ['127.0.0.53']);
  await servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  assert.equal(toldBy(await askByDatagram(fd, 'example.org')), 'code 2');
  assert.equal(host.heard.length, 1);
});

test('SC-NET-09: bytes of any kind, by datagram and by connection, leave the server as it was', async (t) => {
  const fd = await newNamespace(t);
  const { servers } = nameServers(t);
  await servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  const socket = await datagramSocket(fd, 0);
  t.after(() => socket.close());
  socket.on('message', () => undefined);
  for (let i = 0; i < 2000; i++) socket.send(randomBytes(i % 100 === 0 ? 60_000 : i % 80), 53, '127.0.0.11');
  for (const bytes of [Buffer.from([0xff, 0xff, 1]), randomBytes(70_000), Buffer.from([0, 3, 1, 2, 3])])
    assert.deepEqual(await askByStream(fd, bytes, 1, { patienceMs: 300 }), []);
  assert.deepEqual(toldBy(await askByDatagram(fd, 'web')), ['10.0.0.2']);
});

test('connections that ask nothing are limited, and close when others still ask', async (t) => {
  const fd = await newNamespace(t);
  const { servers } = nameServers(t);
  await servers.open('s', pathOf(fd), viewOn(zoneWithWeb()));
  const idle = Array.from({ length: 100 }, () => connectionTo('127.0.0.11', 53, fd));
  t.after(() => {
    for (const each of idle) each.destroy();
  });
  const ended = await Promise.all(
    idle.map((each) =>
      Promise.race([
        once(each, 'close').then(
          () => true,
          () => true,
        ),
        sleep(500, false),
      ]),
    ),
  );
  assert.equal(ended.filter((each) => !each).length, 64);
  assert.deepEqual(toldBy(await askByDatagram(fd, 'web')), ['10.0.0.2']);
});

test('a flood is thrown away before it reaches the engine', async (t) => {
  const fd = await newNamespace(t);
  const { servers } = nameServers(t);
  let asked = 0;
  const view = viewOn(zoneWithWeb());
  const networks = () => {
    asked++;
    return view.networks();
  };
  await servers.open('s', pathOf(fd), { ...view, networks });
  const flood = linux.inNetworkNamespace(fd, () => {
    const made = linux.socket(linux.AF.INET, linux.SOCK.DGRAM, 0);
    linux.connect(made, linux.inetAddress(Buffer.from([127, 0, 0, 11]), 53));
    return made;
  });
  t.after(() => closeSync(flood));
  const question = packet.encode({ id: 1, questions: [{ name: 'web', type: 'A' }] });
  const began = performance.now();
  for (let i = 0; i < 100_000; i++) {
    linux.send(flood, question);
    if (i % 100 === 0) await setImmediate(); // the engine is this process: it has its turns
  }
  const seconds = (performance.now() - began) / 1000;
  assert.ok(asked <= 20_000 * (1 + seconds) + 100, `${asked} came in ${seconds} s`);
  assert.ok(asked > 1000);
});
