/** Frames and messages of connections: attach, gRPC, name servers, the kernel's netlink, bodies of HTTP. */
import assert from 'node:assert/strict';
import packet from 'dns-packet';
import { framed, FrameReader as GrpcFrameReader, HeldBytes } from '../../../src/api/buildkit/grpc/frames.ts';
import { GrpcError } from '../../../src/api/buildkit/grpc/status.ts';
import * as content from '../../../src/api/buildkit/messages/content.ts';
import * as control from '../../../src/api/buildkit/messages/control.ts';
import * as gateway from '../../../src/api/buildkit/messages/gateway.ts';
import * as session from '../../../src/api/buildkit/messages/session.ts';
import type { Message } from '../../../src/api/buildkit/wire/message.ts';
import { HeldHead } from '../../../src/api/http/held-head.ts';
import { BodyScanner, type Framing, framingOf } from '../../../src/formats/body-scanner.ts';
import { FrameReader, framedLines, frameHeader } from '../../../src/formats/frames.ts';
import { framed as framedQuestion, MessageReader } from '../../../src/network/names/frames.ts';
import {
  answerWithCode,
  judge,
  passedOn,
  QUESTION_BYTES_MAX,
  RCODE,
  readQuestion,
  UDP_BYTES_MAX,
} from '../../../src/network/names/message.ts';
import * as netlink from '../../../src/network/netlink/message.ts';
import { type Fuzzer, inPieces, inputs, unlessRefused } from '../fuzzer.ts';

const attachFrames: Fuzzer = {
  name: 'frames of attach and logs',
  samples: [
    Buffer.concat([frameHeader('stdout', 3), Buffer.from('abc'), frameHeader('stderr', 0)]),
    framedLines('stderr', Buffer.from('one\ntwo\n\nthree')),
  ],
  words: ['\x01\0\0\0', '\x02\0\0\0', '\0\0\0\x05', '\n', '\x7f\xff\xff\xff'],
  check(input) {
    const isNoFrame = (error: unknown) => error instanceof RangeError && /no frame/.test(error.message);
    const read = (pieces: Iterable<Buffer>) => {
      const reader = new FrameReader();
      return [...pieces].flatMap((piece) => reader.push(piece));
    };
    const whole = unlessRefused(() => read([input]), isNoFrame);
    const cut = unlessRefused(() => read(inPieces(input)), isNoFrame);
    if (whole === undefined || cut === undefined) return whole === cut;
    assert.deepEqual(cut, whole);
    assert.ok(whole.reduce((sum, { payload }) => sum + 8 + payload.length, 0) <= input.length);
    const lines = read([framedLines('stdout', input)]);
    assert.deepEqual(Buffer.concat(lines.map(({ payload }) => payload)), input);
    return true;
  },
};

const grpcFrames: Fuzzer = {
  name: 'frames of gRPC',
  samples: [
    Buffer.concat([framed(Buffer.from('abc')), framed(Buffer.alloc(0)), framed(Buffer.alloc(70, 1))]),
  ],
  words: ['\0\0\0\0\x01', '\x01', '\0\x01\0\0\0', '\0\0\0\0\0'],
  check(input) {
    const read = (pieces: Iterable<Buffer>) => {
      const held = new HeldBytes(1 << 20);
      const reader = new GrpcFrameReader(held);
      try {
        const found = [...pieces].flatMap((piece) => reader.push(piece));
        reader.finish();
        return found;
      } finally {
        reader.close();
        held.change(1 << 20); // all that was held was given back
      }
    };
    const isGrpc = (error: unknown) => error instanceof GrpcError;
    const whole = unlessRefused(() => read([input]), isGrpc);
    assert.deepEqual(
      unlessRefused(() => read(inPieces(input)), isGrpc),
      whole,
    );
    if (whole) assert.deepEqual(Buffer.concat(whole.map(framed)), input);
    return whole !== undefined;
  },
};

const MESSAGES = Object.entries({ ...content, ...control, ...gateway, ...session }).flatMap(
  ([name, each]): [string, Message<object>][] =>
    typeof each === 'object' && 'decode' in each ? [[name, each as unknown as Message<object>]] : [],
);

/** The first byte says of which of the services' messages it is to be one. */
const sessionMessages: Fuzzer = {
  name: 'messages of BuildKit’s services and sessions',
  samples: MESSAGES.map(([, message], index) =>
    Buffer.concat([Buffer.from([index]), message.encode({})]),
  ).concat(
    MESSAGES.flatMap(([name], index) =>
      name === 'SolveRequest'
        ? [
            Buffer.concat([
              Buffer.from([index]),
              control.SolveRequest.encode({
                ref: 'r',
                session: 's',
                frontend: 'dockerfile.v0',
                frontendAttrs: new Map([['filename', 'D']]),
              }),
            ]),
          ]
        : [],
    ),
  ),
  words: [
    '\x0a',
    '\x12\x03abc',
    '\x80',
    '\xff\xff\xff\xff\x0f',
    '\x08\x01',
    '\x0b',
    '\x0c',
    '\x1a\x00',
    '\x0d\0\0\0\0',
  ],
  check(input) {
    const [name, message] = MESSAGES[(input[0] ?? 0) % MESSAGES.length] ?? [];
    assert.ok(message);
    // protobuf's reader throws plain errors; the server makes them invalid arguments.
    const read = unlessRefused(
      () => message.decode(input.subarray(1)),
      (error) => error instanceof Error && !(error instanceof TypeError),
    );
    if (read) assert.deepEqual(message.decode(message.encode(read)), read, name);
    return read !== undefined;
  },
};

const asking = (name: string, type: string): Buffer =>
  packet.encode({ id: 7, flags: 0x100, questions: [{ name, type }] });
const answering = (name: string): Buffer =>
  packet.encode({
    id: 9,
    type: 'response',
    flags: 0x180,
    questions: [{ name, type: 'A' }],
    answers: [{ name, type: 'A', ttl: 5, data: '10.0.0.1' }],
  } as Parameters<typeof packet.encode>[0]);

const dns: Fuzzer = {
  name: 'messages of DNS',
  samples: [asking('web', 'A'), asking('2.0.0.10.in-addr.arpa', 'PTR'), answering('example.org')],
  words: ['\xc0\x0c', '\xc0\x0e', '\x03web\0', '\0\x01\0\x01', '\x3f', '\xff', '\0\0\x29\x10\0\0\0\0\0\0\0'],
  check(input) {
    const asked = readQuestion(asking('example.org', 'A'));
    assert.equal(asked.is, 'question');
    judge(input, asked.question, 9);
    assert.ok(passedOn(asked.question, Buffer.from(input), 512).length <= Math.max(512, input.length));
    const read = readQuestion(input);
    if (read.is !== 'question') return read.is === 'nothing';
    assert.ok(answerWithCode(read.question, RCODE.failed).length <= UDP_BYTES_MAX);
    return true;
  },
};

const dnsStream: Fuzzer = {
  name: 'messages of DNS in a stream',
  samples: [Buffer.concat([framedQuestion(asking('web', 'A')), framedQuestion(Buffer.from('x'))])],
  words: ['\0\0', '\0\x01a', '\x10\0', '\xff\xff'],
  check(input) {
    const read = (pieces: Iterable<Buffer>) => {
      const reader = new MessageReader(QUESTION_BYTES_MAX);
      const whole: Buffer[] = [];
      for (const piece of pieces) {
        const found = reader.push(piece);
        if (found === undefined) return undefined;
        whole.push(...found);
      }
      return whole;
    };
    const whole = read([input]);
    if (whole) assert.deepEqual(read(inPieces(input)), whole);
    assert.ok((whole ?? []).every(({ length }) => length <= QUESTION_BYTES_MAX));
    return whole !== undefined;
  },
};

const attributes = netlink.attribute(9, [
  netlink.attribute(1, netlink.text('eth0')),
  netlink.attribute(2, netlink.u32(7)),
]);
const netlinkMessages: Fuzzer = {
  name: 'messages of netlink',
  samples: [
    netlink.encode(netlink.request('x', 16, 0, [Buffer.alloc(16), attributes]), 3),
    netlink.encode(netlink.request('x', netlink.NLMSG_ERROR, 0, [Buffer.alloc(20), attributes]), 4),
  ],
  words: ['\x10\0\0\0', '\x04\0\x01\0', '\xff\xff', '\0\0\0\0', '\x08\0\x02\0\x01\0\0\0'],
  check(input) {
    let bytes = 0;
    for (const { body } of netlink.decode(input)) {
      bytes += body.length + 16;
      netlink.verdictOf(body);
      netlink.textOf(body);
      for (const [, value] of netlink.attributeList(body, 4)) netlink.attributes(value);
    }
    assert.ok(bytes <= input.length);
    return true;
  },
};

const framings: readonly Framing[] = [{ is: 'chunked' }, { is: 'length', bytes: 20 }, { is: 'none' }];
const bodies: Fuzzer = {
  name: 'framing of bodies of HTTP',
  samples: inputs('5\r\nhello\r\n0\r\n\r\nGET /', '5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n'),
  words: ['\r\n', '0\r\n\r\n', '5\r\n', 'ffffffffffff', ';', ':', '-1', ' ', '\n', 'A: b\r\n'],
  check(input) {
    for (const framing of framings) {
      const read = (pieces: Iterable<Buffer>) => {
        const scanner = new BodyScanner(framing);
        let used = 0;
        const payload: Buffer[] = [];
        for (const piece of pieces) {
          if (scanner.done) break;
          const scanned = scanner.push(piece);
          used += scanned.used;
          payload.push(...scanned.payload);
        }
        return { used, state: scanner.state, payload: Buffer.concat(payload) };
      };
      const whole = read([input]);
      assert.ok(whole.used <= input.length && whole.payload.length <= whole.used);
      // What is broken may be noticed a piece later.
      if (whole.state.at !== 'broken') assert.deepEqual(read(inPieces(input)), whole);
    }
    return new BodyScanner({ is: 'chunked' }).push(input).used > 0 || input.length === 0;
  },
};

const heads: Fuzzer = {
  name: 'heads of HTTP in pieces',
  samples: inputs(
    'GET /_ping HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST /v1.41/containers/a/attach HTTP/1.1\r\nHost: a\r\nUpgrade: tcp\r\nContent-Length: 12\r\n\r\nx',
  ),
  words: [
    '\r\n',
    '\r\n\r\n',
    '\r',
    '\n',
    'Content-Length: ',
    'Transfer-Encoding: chunked\r\n',
    'Upgrade: ',
    'Host: a\r\n',
  ],
  check(input) {
    const held = new HeldHead();
    let end = -1;
    let length = 0;
    for (const piece of inPieces(input)) {
      if (end >= 0) break;
      length += piece.length;
      ({ end } = held.add(piece));
    }
    const found = input.subarray(0, length).indexOf('\r\n\r\n');
    assert.equal(end, found);
    assert.deepEqual(held.release(), input.subarray(0, length));
    framingOf(input.toString('latin1'));
    return end >= 0;
  },
};

export const WIRE: readonly Fuzzer[] = [
  attachFrames,
  grpcFrames,
  sessionMessages,
  dns,
  dnsStream,
  netlinkMessages,
  bodies,
  heads,
];
