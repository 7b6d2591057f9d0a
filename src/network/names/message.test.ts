import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet from 'dns-packet';
import fc from 'fast-check';
import { answerFromZones } from './answer.ts';
import { MessageReader } from './frames.ts';
import { answerTo, answerWithCode, judge, passedOn, RCODE, readQuestion } from './message.ts';
import { Zone } from './zone.ts';

const asking = (name: string, type = 'A'): Buffer =>
  packet.encode({ id: 0x1234, flags: 0x100, questions: [{ name, type }] });
function questionOf(message: Buffer) {
  const read = readQuestion(message);
  assert.equal(read.is, 'question');
  return read.question;
}
/** A message around these bytes, which stand where the question does. */
function withQuestion(bytes: readonly number[], counts: readonly number[] = [1, 0, 0, 0]): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0x1234, 0);
  counts.forEach((count, i) => head.writeUInt16BE(count, 4 + 2 * i));
  return Buffer.concat([head, Buffer.from(bytes)]);
}
const codeOf = (message: Buffer): number | 'silence' | 'question' => {
  const read = readQuestion(message);
  if (read.is === 'refused') return read.answer.readUInt16BE(2) & 15;
  return read.is === 'nothing' ? 'silence' : 'question';
};

test('what is no question is told so, and what is an answer gets none', () => {
  assert.equal(codeOf(Buffer.alloc(0)), 'silence');
  assert.equal(codeOf(Buffer.alloc(11)), 'silence');
  assert.equal(codeOf(Buffer.alloc(5000)), 'silence');
  const answer = asking('a');
  answer[2] = 0x80;
  assert.equal(codeOf(answer), 'silence');
  const update = asking('a');
  update[2] = 5 << 3;
  assert.equal(codeOf(update), RCODE.notImplemented);
  const name = [1, 97, 0, 0, 1, 0, 1];
  for (const counts of [
    [0, 0, 0, 0],
    [2, 0, 0, 0],
    [1, 1, 0, 0],
    [1, 0, 1, 0],
    [1, 0, 0, 3],
    [65535, 0, 0, 0],
  ])
    assert.equal(codeOf(withQuestion(name, counts)), RCODE.malformed, String(counts));
  assert.equal(codeOf(withQuestion(name)), 'question');
});

test('names that are none are refused: cut off, too long, circles of pointers', () => {
  const tail = [0, 1, 0, 1];
  assert.equal(codeOf(withQuestion([5, 97])), RCODE.malformed);
  assert.equal(codeOf(withQuestion([1, 97, 0, 0])), RCODE.malformed);
  assert.equal(codeOf(withQuestion([0xc0, 12, ...tail])), RCODE.malformed); // to itself
  assert.equal(codeOf(withQuestion([1, 97, 0xc0, 12, ...tail])), RCODE.malformed); // to its start
  assert.equal(codeOf(withQuestion([0xff, 0xff, ...tail])), RCODE.malformed); // beyond the end
  assert.equal(codeOf(withQuestion([0x80, 1, ...tail])), RCODE.malformed);
  const long = Array.from({ length: 5 }, () => [63, ...Array<number>(63).fill(97)]).flat();
  assert.equal(codeOf(withQuestion([...long, 0, ...tail])), RCODE.malformed);
});

test('a question comes back byte for byte, whatever its labels hold', () => {
  for (const label of [[0x41, 0x62], [0xff, 0xfe], [0], [0x2e], [0xc3, 0xa4]]) {
    const message = withQuestion([label.length, ...label, 0, 0, 28, 0, 1]);
    for (const answer of [
      answerTo(questionOf(message), [], 512),
      answerWithCode(questionOf(message), RCODE.failed),
    ])
      assert.deepEqual(answer.subarray(12), message.subarray(12));
  }
});

test('options are answered with options, and only then', () => {
  const plain = packet.decode(answerTo(questionOf(asking('a')), [], 512));
  assert.deepEqual(plain.additionals, []);
  const message = packet.encode({
    id: 1,
    questions: [{ name: 'a', type: 'A' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232 }],
  });
  assert.equal(questionOf(message).udpBytes, 1232);
  const [option] = packet.decode(answerTo(questionOf(message), [], 512)).additionals;
  assert.ok(option?.type === 'OPT' && 'udpPayloadSize' in option);
  assert.equal(option.udpPayloadSize, 4096);
});

const answering = (id: number, name: string, flags = 0x180): Buffer =>
  packet.encode({
    id,
    type: 'response',
    flags,
    questions: [{ name, type: 'A' }],
    answers: [{ name, type: 'A', ttl: 5, data: '192.0.2.1' }],
  });

test('only what answers this question, under its number, whole, is an answer', () => {
  const question = questionOf(asking('Example.org'));
  assert.equal(judge(answering(9, 'Example.org'), question, 9), 'answer');
  assert.equal(judge(answering(9, 'example.ORG'), question, 9), 'answer');
  assert.equal(judge(answering(8, 'Example.org'), question, 9), 'foreign');
  assert.equal(judge(answering(9, 'example.net'), question, 9), 'foreign');
  assert.equal(judge(asking('Example.org'), question, 0x1234), 'foreign'); // a question
  for (let length = 0; length < answering(9, 'Example.org').length; length++)
    assert.equal(
      judge(answering(9, 'Example.org').subarray(0, length), question, 9),
      'foreign',
      String(length),
    );
  const cutOff = answering(9, 'Example.org', 0x380).subarray(0, -3);
  assert.equal(judge(cutOff, question, 9), 'answer');
  for (const code of [2, 4, 5])
    assert.equal(judge(answering(9, 'Example.org', 0x180 | code), question, 9), 'failure');
  assert.equal(judge(answering(9, 'Example.org', 0x183), question, 9), 'answer'); // there is no such name
  const unread = withQuestion([], [0, 0, 0, 0]);
  unread.writeUInt16BE(0x8001, 2);
  assert.equal(judge(unread, question, 0x1234), 'failure');
});

test("another's answer goes out under the asker's number, cut off where it is too long", () => {
  const question = questionOf(asking('example.org'));
  const passed = passedOn(question, answering(9, 'example.org'), 512);
  assert.equal(packet.decode(passed).id, 0x1234);
  const short = packet.decode(passedOn(question, answering(9, 'example.org'), 40));
  assert.equal(short.id, 0x1234);
  assert.equal(short.flags & 0x200, 0x200);
  assert.deepEqual(short.answers, []);
});

test('messages in a stream are read however the pieces fall; one that is too long ends it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 })),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (messages, cuts) => {
        const stream = Buffer.concat(
          messages.flatMap((each) => [Buffer.from([0, each.length]), Buffer.from(each)]),
        );
        const reader = new MessageReader(100);
        const read: Buffer[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const length = cuts[turn % cuts.length] ?? 1;
          read.push(...(reader.push(stream.subarray(at, at + length)) ?? []));
          at += length;
        }
        assert.deepEqual(
          read.map((each) => [...each]),
          messages.map((each) => [...each]),
        );
      },
    ),
    { numRuns: 300 },
  );
  assert.equal(new MessageReader(100).push(Buffer.from([0, 101])), undefined);
});

/** A stream of numbers that a seed decides (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test('SC-NET-09: a hundred thousand damaged questions and answers break nothing', () => {
  const seed = Number(process.env.GANTRY_SEED ?? Date.now() % 2 ** 32);
  const random = numbers(seed);
  const zone = new Zone('net');
  zone.add('e', { names: ['web'], addresses: ['10.0.0.2', 'fd00::2'], primary: 'web' });
  const view = {
    networks: () => [{ zone, links: new Map() }],
    forwarding: () => ({ servers: [], allowed: true, keepsSingleLabels: false }),
  };
  const asked = questionOf(asking('example.org'));
  const bases = [
    asking('web'),
    asking('2.0.0.10.in-addr.arpa', 'PTR'),
    answering(9, 'example.org'),
    asking('x\0y.web', 'ANY'),
  ];
  for (let i = 0; i < 100_000; i++) {
    const message = damaged(bases[i % bases.length] ?? Buffer.alloc(0), random);
    try {
      const read = readQuestion(message);
      if (read.is === 'question') {
        const answer =
          answerFromZones(read.question, view, read.question.udpBytes) ??
          answerWithCode(read.question, RCODE.failed);
        assert.ok(
          answer.length <= read.question.udpBytes || answer.length <= 12 + read.question.asked.length + 11,
        );
        passedOn(read.question, Buffer.from(message), 512);
      }
      judge(message, asked, 9);
    } catch (error) {
      throw new Error(`GANTRY_SEED=${seed}, message ${i}: ${message.toString('hex').slice(0, 400)}`, {
        cause: error,
      });
    }
  }
});

/** Bytes changed, cut off, doubled, pointed at each other, counted wrongly; sometimes up to 64 KiB of anything. */
function damaged(base: Buffer, random: (below: number) => number): Buffer {
  if (random(500) === 0) return Buffer.alloc(random(65_536), random(256));
  let message = Buffer.from(base);
  for (let changes = 1 + random(6); changes > 0; changes--) {
    const at = random(message.length + 1);
    switch (random(6)) {
      case 0:
        message = message.subarray(0, at);
        break;
      case 1:
        message = Buffer.concat([message, message.subarray(at)]);
        break;
      case 2:
        if (at + 2 <= message.length) message.writeUInt16BE(0xc000 | random(message.length + 20), at);
        break;
      case 3:
        if (message.length >= 12)
          message.writeUInt16BE(random(3) === 0 ? random(65_536) : random(3), 4 + 2 * random(4));
        break;
      default:
        if (at < message.length) message[at] = random(256);
    }
  }
  return message;
}
