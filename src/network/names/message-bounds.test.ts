/** Bounds, numbers and flags of messages: one below, at, one above. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet, { type DraftPacket } from 'dns-packet';
import fc from 'fast-check';
import { framed, MessageReader } from './frames.ts';
import {
  type AnswerRecord,
  answerTo,
  answerWithCode,
  judge,
  passedOn,
  QUESTION_BYTES_MAX,
  RCODE,
  readQuestion,
} from './message.ts';

const RECURSION_DESIRED = 0x100;
const asking = (
  name: string,
  additionals: DraftPacket['additionals'] = [],
  { flags = RECURSION_DESIRED, type = 'A' } = {},
): Buffer => packet.encode({ id: 0x1234, flags, questions: [{ name, type }], additionals });
const withOptions = (more: object = {}): DraftPacket['additionals'] => [
  { type: 'OPT', name: '.', udpPayloadSize: 1232, ...more },
];
function questionOf(message: Buffer) {
  const read = readQuestion(message);
  assert.equal(read.is, 'question');
  return read.question;
}
/** A message of a header alone. */
function header(flags: number, counts: readonly number[]): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0x1234, 0);
  head.writeUInt16BE(flags, 2);
  counts.forEach((count, index) => head.writeUInt16BE(count, 4 + 2 * index));
  return head;
}

test('a question has a header at least and 4096 bytes at most', () => {
  assert.equal(readQuestion(header(0, [1, 0, 0, 0]).subarray(0, 11)).is, 'nothing');
  assert.equal(readQuestion(header(0, [1, 0, 0, 0])).is, 'refused');
  const long = Buffer.concat([asking('a'), Buffer.alloc(4096)]);
  assert.equal(QUESTION_BYTES_MAX, 4096);
  assert.equal(readQuestion(long.subarray(0, 4096)).is, 'question');
  assert.equal(readQuestion(long.subarray(0, 4097)).is, 'nothing');
});

test('each other kind of message than a question is told that it is not implemented, under its number and kind', () => {
  for (let opcode = 1; opcode <= 15; opcode++) {
    const read = readQuestion(header(opcode << 11, [1, 0, 0, 0]));
    assert.equal(read.is, 'refused');
    assert.equal(read.answer.toString('hex'), header(0x8000 | (opcode << 11) | 4, []).toString('hex'));
  }
});

test('what has more than one question, or records, or three additional ones is malformed', () => {
  const bytes = Buffer.from([1, 97, 0, 0, 1, 0, 1]);
  for (const counts of [
    [1, 0, 1, 0],
    [1, 1, 0, 0],
    [1, 0, 0, 3],
    [2, 0, 0, 0],
    [0, 0, 0, 0],
  ]) {
    const read = readQuestion(Buffer.concat([header(RECURSION_DESIRED, counts), bytes]));
    assert.equal(read.is, 'refused');
    assert.equal(read.answer.toString('hex'), header(0x8001, []).toString('hex'));
  }
  const options = withOptions() ?? [];
  assert.equal(readQuestion(asking('a', [...options, ...options, ...options])).is, 'refused');
  const answers = Array.from({ length: 256 }, () => ({ type: 'A', name: '.', data: '10.0.0.2' }) as const);
  const answered = packet.encode({ questions: [{ name: 'a', type: 'A' }], answers });
  assert.ok(answered.length < 4096);
  assert.equal(readQuestion(answered).is, 'refused');
  const two = [...options, ...options];
  assert.equal(questionOf(asking('a', two)).udpBytes, 1232);
});

test('type and class are the last four bytes of the question', () => {
  const question = questionOf(
    Buffer.concat([header(0, [1, 0, 0, 0]), Buffer.from([1, 97, 0, 0x12, 0x34, 0x56, 0x78])]),
  );
  assert.deepEqual([question.name, question.type, question.class], ['a', 0x1234, 0x5678]);
});

test('who asks takes what he says by datagram, from 512 bytes to 4096', () => {
  for (const [said, taken] of [
    [1, 512],
    [511, 512],
    [512, 512],
    [513, 513],
    [4095, 4095],
    [4096, 4096],
    [4097, 4096],
    [65_535, 4096],
  ] as const)
    assert.equal(questionOf(asking('a', withOptions({ udpPayloadSize: said }))).udpBytes, taken);
  assert.equal(questionOf(asking('a')).udpBytes, 512);
});

const records: readonly AnswerRecord[] = [
  { type: 'A', data: '10.0.0.2' },
  { type: 'AAAA', data: 'fd00::2' },
  { type: 'PTR', data: 'web.back' },
];

test('records have the name asked for, the internet’s class, and ten minutes to live', () => {
  const told = packet.decode(answerTo(questionOf(asking('web')), records, 512));
  assert.deepEqual(
    told.answers,
    records.map(({ type, data }) => ({ name: 'web', type, class: 'IN', ttl: 600, flush: false, data })),
  );
  const {
    flag_qr: answer,
    flag_aa: authoritative,
    flag_tc: cutOff,
    flag_ra: available,
    rcode,
  } = told as never;
  assert.deepEqual([answer, authoritative, cutOff, available, rcode], [true, false, false, true, 'NOERROR']);
});

test('recursion was wanted when the question says so', () => {
  const wanted = (flags: number) =>
    answerTo(questionOf(asking('a', [], { flags })), [], 512)
      .readUInt16BE(2)
      .toString(16);
  assert.deepEqual(
    [wanted(RECURSION_DESIRED), wanted(0), wanted(0x30), wanted(1)],
    ['8180', '8080', '8080', '8080'],
  );
});

test('a record stays when it ends at the last byte, and is left out when it ends one behind', () => {
  for (const additionals of [[], withOptions()]) {
    const question = questionOf(asking('web', additionals));
    const whole = answerTo(question, records, 4096);
    for (const [bytesMax, kept, flags] of [
      [whole.length, 3, 0x8180],
      [whole.length + 1, 3, 0x8180],
      [whole.length - 1, 2, 0x8380],
    ] as const) {
      const answer = answerTo(question, records, bytesMax);
      assert.deepEqual([answer.readUInt16BE(6), answer.readUInt16BE(2)], [kept, flags]);
      assert.equal(packet.decode(answer).additionals.length, additionals?.length);
    }
  }
});

test('the longest name fits as an answer', () => {
  const name = Array.from({ length: 4 }, (_, index) => 'x'.repeat(index === 3 ? 61 : 63)).join('.');
  const answer = answerTo(questionOf(asking('a')), Array(3).fill({ type: 'PTR', data: name }), 4096);
  assert.deepEqual(
    packet.decode(answer).answers.map((each) => each.data),
    [name, name, name],
  );
});

test('options are answered with ours: the root, version 0, 4096 bytes, and what was said of signatures', () => {
  const tail = (more: object, code: typeof RCODE.none | typeof RCODE.badVersion) => {
    const answer = answerWithCode(questionOf(asking('a', withOptions(more))), code);
    assert.equal(answer.readUInt16BE(10), 1);
    return answer.subarray(-11).toString('hex');
  };
  assert.equal(tail({}, RCODE.none), '00' + '0029' + '1000' + '00' + '00' + '0000' + '0000');
  assert.equal(tail({ flags: 0x8000 }, RCODE.none), '00' + '0029' + '1000' + '00' + '00' + '8000' + '0000');
  // The upper bits of the code stand in the options.
  assert.equal(tail({}, RCODE.badVersion), '00' + '0029' + '1000' + '01' + '00' + '0000' + '0000');
});

test('codes are those of RFC 1035 and 6891', () => {
  assert.deepEqual(RCODE, {
    none: 0,
    malformed: 1,
    failed: 2,
    notImplemented: 4,
    refused: 5,
    badVersion: 16,
  });
  for (const code of [0, 1, 2, 4, 5] as const)
    assert.equal(answerWithCode(questionOf(asking('a')), code).readUInt16BE(2), 0x8180 | code);
  assert.equal(answerWithCode(questionOf(asking('a', withOptions())), 16).readUInt16BE(2), 0x8180);
});

const answering = (flags: number, count = 2): Buffer =>
  packet.encode({
    id: 9,
    type: 'response',
    flags,
    questions: [{ name: 'example.org', type: 'A' }],
    answers: Array.from({ length: count }, (_, index) => ({
      name: 'example.org',
      type: 'A',
      ttl: 5,
      data: `192.0.2.${index}`,
    })),
    authorities: [{ name: 'org', type: 'NS', data: 'ns.example.org' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232 }],
  } as DraftPacket);

test("another's answer is passed on when it has as many bytes as are taken", () => {
  const question = questionOf(asking('example.org'));
  const { length } = answering(0x180);
  assert.equal(passedOn(question, answering(0x180), length).length, length);
  const cut = passedOn(question, answering(0x180), length - 1);
  assert.deepEqual([cut.length, cut.readUInt16BE(2), cut.readUInt16BE(6)], [12 + 17, 0x8380, 0]);
});

const verdict = (change: (answer: Buffer) => Buffer | number): string => {
  const answer = answering(0x180);
  const changed = change(answer);
  return judge(typeof changed === 'number' ? answer : changed, questionOf(asking('example.org')), 9);
};

test('an answer that lacks a byte of any of its records is none, one with more at its end is', () => {
  const { length } = answering(0x180);
  for (let at = 12; at < length; at++)
    assert.equal(
      verdict((answer) => answer.subarray(0, at)),
      'foreign',
    );
  assert.equal(
    verdict((answer) => answer),
    'answer',
  );
  assert.equal(
    verdict((answer) => Buffer.concat([answer, Buffer.alloc(3)])),
    'answer',
  );
});

test('an answer whose header counts more records than it has is none', () => {
  for (const at of [6, 8, 10])
    assert.equal(
      verdict((answer) => answer.writeUInt16BE(answer.readUInt16BE(at) + 1, at)),
      'foreign',
    );
});

test('a failure is one by its code, and says which question it is to', () => {
  for (let code = 0; code < 16; code++) {
    const failed = [2, 4, 5].includes(code);
    assert.equal(
      verdict((answer) => answer.writeUInt16BE(0x8180 | code, 2)),
      failed ? 'failure' : 'answer',
    );
    const alone = header(0x8000 | code, [0, 0, 0, 0]);
    assert.equal(judge(alone, questionOf(asking('example.org')), 0x1234), code === 0 ? 'foreign' : 'failure');
  }
  for (const count of [1, 256]) {
    const counted = header(0x8002, [count, 0, 0, 0]);
    assert.equal(judge(counted, questionOf(asking('example.org')), 0x1234), 'foreign');
  }
  const followed = Buffer.concat([header(0x8002, [0, 0, 0, 0]), Buffer.alloc(1)]);
  assert.equal(judge(followed, questionOf(asking('example.org')), 0x1234), 'foreign');
});

test('a question, and an answer of another kind, are no answer', () => {
  assert.equal(
    verdict((answer) => answer.writeUInt16BE(0x0180, 2)),
    'foreign',
  );
  for (const opcode of [1, 5, 8])
    assert.equal(
      verdict((answer) => answer.writeUInt16BE(0x8180 | (opcode << 11), 2)),
      'foreign',
    );
  assert.equal(
    verdict((answer) => answer.writeUInt16BE(2, 4)),
    'foreign',
  );
});

/** An answer with one record whose name is these bytes. */
const named = (...name: number[]): string => {
  const question = asking('example.org').subarray(12);
  const record = [0, 1, 0, 1, 0, 0, 0, 5, 0, 1, 7];
  const answer = Buffer.concat([header(0x8180, [1, 1, 0, 0]), question, Buffer.from([...name, ...record])]);
  return judge(answer, questionOf(asking('example.org')), 0x1234);
};

test('the name of a record ends at the root or at a pointer; lengths of another kind are none', () => {
  const label = (length: number) => [length, ...Array<number>(length).fill(97)];
  assert.deepEqual(
    [named(0), named(...label(1), 0), named(...label(63), ...label(2), 0)],
    ['answer', 'answer', 'answer'],
  );
  for (const pointer of [0xc0, 0xc1, 0xff])
    assert.deepEqual([named(pointer, 12), named(...label(3), pointer, 12)], ['answer', 'answer']);
  for (const length of [0x40, 0x7f, 0x80, 0xbf]) assert.equal(named(...label(length), 0), 'foreign');
});

test('a framed message is read as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 4 }), (messages) => {
      const stream = Buffer.concat(messages.map((each) => framed(Buffer.from(each))));
      const read = new MessageReader(700).push(stream);
      assert.deepEqual(
        read?.map((each) => [...each]),
        messages.map((each) => [...each]),
      );
    }),
  );
  assert.equal(framed(Buffer.from('abc')).toString('hex'), '0003616263');
});

test('a message is too long when it has one byte more than it may have', () => {
  const reader = new MessageReader(300);
  assert.deepEqual(reader.push(Buffer.from([1])), []);
  assert.deepEqual(reader.push(Buffer.from([44])), []);
  assert.equal(reader.push(Buffer.alloc(300))?.length, 1);
  assert.equal(new MessageReader(300).push(Buffer.from([1, 45])), undefined);
});
