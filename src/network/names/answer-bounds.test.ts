/** What is answered at the bounds: of names, of readings, of versions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet, { type DraftPacket } from 'dns-packet';
import { answerFromZones } from './answer.ts';
import { readQuestion } from './message.ts';
import { Zone } from './zone.ts';

function zoneOf(network: string, ...names: string[]): Zone {
  const zone = new Zone(network);
  names.forEach((name, index) => {
    zone.add(name, { names: [name], addresses: [`10.0.0.${index + 2}`], primary: name });
  });
  return zone;
}
/** The answer of a sandbox that is on the zone's network alone. */
function answered(zone: Zone, message: Buffer): Buffer | undefined {
  const read = readQuestion(message);
  assert.equal(read.is, 'question');
  const view = {
    networks: () => [{ zone, links: new Map<string, string>() }],
    forwarding: () => ({ servers: undefined, allowed: true, keepsSingleLabels: false }),
  };
  return answerFromZones(read.question, view, 512);
}
const asking = (name: string, type = 'A', additionals: DraftPacket['additionals'] = []): Buffer =>
  packet.encode({ id: 7, flags: 0x100, questions: [{ name, type }], additionals });
function told(zone: Zone, name: string, type = 'A'): unknown[] | undefined {
  const answer = answered(zone, asking(name, type));
  return answer && packet.decode(answer).answers.map(({ data }) => data);
}

test('a network is found behind a name by eight labels at most', () => {
  const labels = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`).join('.');
  for (let count = 1; count <= 8; count++)
    assert.deepEqual(told(zoneOf(labels(count), 'web'), `web.${labels(count)}`), ['10.0.0.2']);
  for (const count of [9, 10])
    assert.equal(told(zoneOf(labels(count), 'web'), `web.${labels(count)}`), undefined);
});

test('a name of one letter has a network behind it like others; one without a dot has none', () => {
  const zone = zoneOf('back', 'x', 'bac');
  assert.deepEqual(told(zone, 'x.back'), ['10.0.0.2']);
  assert.equal(told(zone, 'back'), undefined);
  assert.equal(told(zone, 'x.bac'), undefined);
});

test('an address has a name of labels of 63 bytes and 253 in all, and none that is longer', () => {
  const [label, long] = ['x'.repeat(63), 'x'.repeat(64)];
  const nameOf = (primary: string, network: string) =>
    told(zoneOf(network, primary), '2.0.0.10.in-addr.arpa', 'PTR');
  assert.deepEqual(nameOf(label, 'back'), [`${label}.back`]);
  assert.deepEqual(nameOf('web', label), [`web.${label}`]);
  assert.equal(nameOf(long, 'back'), undefined);
  assert.equal(nameOf('web', long), undefined);
  const three = [label, label, label].join('.');
  assert.deepEqual(nameOf(three, 'x'.repeat(61)), [`${three}.${'x'.repeat(61)}`]);
  assert.equal(nameOf(three, 'x'.repeat(62)), undefined);
});

test('a version of options after 0 is told that it is too new, where the name is ours', () => {
  const zone = zoneOf('back', 'web');
  const code = (name: string, ednsVersion: number) => {
    const options: DraftPacket['additionals'] = [{ type: 'OPT', name: '.', udpPayloadSize: 1232 }];
    const message = asking(name, 'A', options);
    message[message.length - 5] = ednsVersion;
    const answer = answered(zone, message);
    return answer && [answer.readUInt16BE(6), answer.at(-6)];
  };
  assert.deepEqual(
    [code('web', 0), code('web', 1), code('web', 2)],
    [
      [1, 0],
      [0, 1],
      [0, 1],
    ],
  );
  assert.equal(code('other', 1), undefined);
});

test('names of another class than the internet’s are none of ours', () => {
  const message = asking('web');
  message[message.length - 1] = 3;
  assert.equal(answered(zoneOf('back', 'web'), message), undefined);
});
