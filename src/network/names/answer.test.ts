import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet, { type DraftPacket } from 'dns-packet';
import { answerFromZones, type NameView, type NetworkNames } from './answer.ts';
import { readQuestion } from './message.ts';
import { Zone } from './zone.ts';

function zoneOf(network: string, entries: Record<string, readonly string[]>): Zone {
  const zone = new Zone(network);
  for (const [name, addresses] of Object.entries(entries))
    zone.add(`${network}/${name}`, { names: [name], addresses, primary: name });
  return zone;
}
const on = (zone: Zone, links: Record<string, string> = {}): NetworkNames => ({
  zone,
  links: new Map(Object.entries(links)),
});
const viewOf = (...networks: NetworkNames[]): NameView => ({
  networks: () => networks,
  forwarding: () => ({ servers: undefined, allowed: true, keepsSingleLabels: false }),
});

/** What the view answers: data of the records; 'not ours'. */
function ask(
  view: NameView,
  name: string,
  type = 'A',
  additionals: DraftPacket['additionals'] = [],
  bytesMax = 512,
) {
  const read = readQuestion(packet.encode({ id: 7, flags: 0x100, questions: [{ name, type }], additionals }));
  assert.equal(read.is, 'question');
  const answer = answerFromZones(read.question, view, bytesMax);
  if (answer === undefined) return 'not ours';
  const told = packet.decode(answer);
  assert.equal(told.id, 7);
  assert.deepEqual(told.questions, [{ name, type, class: 'IN' }]);
  return told.answers.map((each) => {
    assert.equal(each.name, name);
    return each.data;
  });
}

const back = zoneOf('back', { web: ['10.0.0.2', 'fd00::2'], four: ['10.0.0.4'], 'a.b': ['10.0.0.5'] });
const front = zoneOf('Front', { web: ['10.1.0.2'], edge: ['10.1.0.3'] });

test('a name is looked for on the networks in their order', () => {
  assert.deepEqual(ask(viewOf(on(back), on(front)), 'web'), ['10.0.0.2']);
  assert.deepEqual(ask(viewOf(on(front), on(back)), 'web'), ['10.1.0.2']);
  assert.deepEqual(ask(viewOf(on(front), on(back)), 'WeB', 'AAAA'), []);
  assert.deepEqual(ask(viewOf(on(back)), 'web', 'AAAA'), ['fd00::2']);
});

test('a name with a network behind it is looked for there alone; both may have dots', () => {
  const view = viewOf(on(back), on(front));
  assert.deepEqual(ask(view, 'web.front'), ['10.1.0.2']);
  assert.deepEqual(ask(view, 'a.b'), ['10.0.0.5']);
  assert.deepEqual(ask(view, 'a.b.back'), ['10.0.0.5']);
  assert.equal(ask(view, 'edge.back'), 'not ours');
  assert.equal(ask(view, 'web.example'), 'not ours');
});

test('names of a network that the sandbox is not on are not known', () => {
  assert.equal(ask(viewOf(on(front)), 'four'), 'not ours');
  assert.equal(ask(viewOf(on(front)), 'four.back'), 'not ours');
  assert.equal(ask(viewOf(on(front)), '4.0.0.10.in-addr.arpa', 'PTR'), 'not ours');
});

test('a name of ours has an answer of every type, if an empty one', () => {
  const view = viewOf(on(back));
  for (const type of ['AAAA', 'MX', 'TXT', 'SRV', 'NAPTR', 'PTR'])
    assert.deepEqual(ask(view, 'four', type), []);
  assert.deepEqual(ask(view, 'web', 'ANY'), ['10.0.0.2', 'fd00::2']);
});

test('an address is answered with its name', () => {
  const view = viewOf(on(back));
  assert.deepEqual(ask(view, '2.0.0.10.in-addr.arpa', 'PTR'), ['web.back']);
  const six = `2${'.0'.repeat(27)}.0.0.d.f.ip6.arpa`;
  assert.deepEqual(ask(view, six, 'PTR'), ['web.back']);
  assert.equal(ask(view, '9.0.0.10.in-addr.arpa', 'PTR'), 'not ours');
  assert.equal(ask(view, '999.0.0.10.in-addr.arpa', 'PTR'), 'not ours');
});

test('an address whose name no message can carry has none', () => {
  const zone = zoneOf('back', { ['x'.repeat(64)]: ['10.0.0.2'], 'a..b': ['10.0.0.3'] });
  for (const host of [2, 3])
    assert.equal(ask(viewOf(on(zone)), `${host}.0.0.10.in-addr.arpa`, 'PTR'), 'not ours');
});

test('a link is a name for another, hides a like name, and is for this sandbox alone', () => {
  const linked = viewOf(on(back, { db: 'four', web: 'four' }));
  assert.deepEqual(ask(linked, 'db'), ['10.0.0.4']);
  assert.deepEqual(ask(linked, 'DB.back'), ['10.0.0.4']);
  assert.deepEqual(ask(linked, 'web'), ['10.0.0.4']);
  assert.equal(ask(viewOf(on(back)), 'db'), 'not ours');
  assert.equal(ask(viewOf(on(back, { gone: 'nobody' })), 'gone'), 'not ours');
});

test('what has no room is left out, and the answer says so; options make room', () => {
  const many = viewOf(on(zoneOf('n', { many: Array.from({ length: 200 }, (_, i) => `10.0.1.${i}`) })));
  const read = (options: NonNullable<DraftPacket['additionals']>) => {
    const got = readQuestion(
      packet.encode({ id: 1, questions: [{ name: 'many', type: 'A' }], additionals: options }),
    );
    assert.equal(got.is, 'question');
    return got.question;
  };
  const short = answerFromZones(read([]), many, read([]).udpBytes);
  assert.ok(short !== undefined && short.length <= 512 && short.length > 480);
  assert.equal(packet.decode(short).flags & 0x200, 0x200);
  const large = read([{ type: 'OPT', name: '.', udpPayloadSize: 4096 }]);
  const whole = answerFromZones(large, many, large.udpBytes);
  assert.ok(whole !== undefined);
  const told = packet.decode(whole);
  assert.equal(told.answers.length, 200);
  assert.equal(told.flags & 0x200, 0);
  assert.equal(told.additionals[0]?.type, 'OPT');
});
