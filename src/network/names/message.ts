/**
 * Questions read, answers written, answers of others checked: the messages of RFC 1035 and 6891. Pure. Names are read
 * by dns-packet; the question goes back byte for byte, whatever its labels hold.
 */
import packet, { type PacketOption } from 'dns-packet';

/** Numbers of record types that mean something here. */
export const TYPE = { A: 1, PTR: 12, AAAA: 28, OPT: 41, ANY: 255 } as const;
/** The class of the internet. */
export const CLASS_IN = 1;
/** Response codes. */
export const RCODE = {
  none: 0,
  malformed: 1,
  failed: 2,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const;
type ResponseCode = (typeof RCODE)[keyof typeof RCODE];

/** Questions of resolvers have some hundred bytes, cookies and keys included: more is no question. */
export const QUESTION_BYTES_MAX = 4096;
/** What anybody takes by UDP without saying so (RFC 1035, 4.2.1). */
const UDP_BYTES = 512;
/** What we say that we take, and send at most to who takes more: it passes a loopback interface in one piece. */
export const UDP_BYTES_MAX = 4096;
/** Docker's: ten minutes. Resolvers in containers seldom remember, and addresses of containers seldom change. */
const TTL_SECONDS = 600;
const HEADER_BYTES = 12;
const FLAG = {
  response: 0x8000,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
} as const;
const OPCODE = 0x7800;
const RCODE_MASK = 0x000f;
/** Points to the name of the question, which stands behind the header (RFC 1035, 4.1.4). */
const NAME_OF_QUESTION = 0xc00c;
/** Name (a pointer), type, class, time to live. */
const RECORD_HEAD_BYTES = 10;
/** With the longest name as its data, and that one's length. */
const RECORD_BYTES_MAX = RECORD_HEAD_BYTES + 258;
const OPTION_BYTES = 11;
/** Additional records of a question: options, and a signature. */
const ADDITIONALS_MAX = 2;

/** What somebody asks. */
export interface Question {
  /** The whole message. */
  readonly message: Buffer;
  /** The question's own bytes: name, type, class. */
  readonly asked: Buffer;
  /** Without the dot at its end; labels that are no text read as something that no container is called. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The most that the asker takes by UDP. */
  readonly udpBytes: number;
  /** Its EDNS options, undefined without. */
  readonly options: PacketOption | undefined;
}

/** A question; or what is answered to something else; or something that gets no answer. */
export type Reading =
  | { readonly is: 'question'; readonly question: Question }
  | { readonly is: 'refused'; readonly answer: Buffer }
  | { readonly is: 'nothing' };

/** Reads what came in. Never throws. */
export function readQuestion(message: Buffer): Reading {
  if (message.length < HEADER_BYTES || message.length > QUESTION_BYTES_MAX) return { is: 'nothing' };
  const flags = message.readUInt16BE(2);
  // An answer is not answered: two servers would talk to each other for ever.
  if ((flags & FLAG.response) !== 0) return { is: 'nothing' };
  if ((flags & OPCODE) !== 0) return refused(message, RCODE.notImplemented);
  // Checked before anything is read: the counts say how much work it would be.
  if (message.readUInt16BE(4) !== 1 || message.readUInt32BE(6) !== 0)
    return refused(message, RCODE.malformed);
  if (message.readUInt16BE(10) > ADDITIONALS_MAX) return refused(message, RCODE.malformed);
  try {
    return { is: 'question', question: decodeQuestion(message) };
  } catch {
    return refused(message, RCODE.malformed);
  }
}

function decodeQuestion(message: Buffer): Question {
  const { questions, additionals } = packet.decode(message);
  const asked = message.subarray(HEADER_BYTES, HEADER_BYTES + packet.question.decode.bytes);
  const options = additionals.find((each): each is PacketOption => each.type === 'OPT');
  return {
    message,
    asked,
    name: questions[0]?.name ?? '',
    type: asked.readUInt16BE(asked.length - 4),
    class: asked.readUInt16BE(asked.length - 2),
    udpBytes: Math.min(Math.max(options?.udpPayloadSize ?? 0, UDP_BYTES), UDP_BYTES_MAX),
    options,
  };
}

/** To something that cannot be read: the number it came with, and the code. */
function refused(message: Buffer, code: ResponseCode): Reading {
  const answer = Buffer.alloc(HEADER_BYTES);
  message.copy(answer, 0, 0, 2);
  answer.writeUInt16BE(FLAG.response | (message.readUInt16BE(2) & OPCODE) | code, 2);
  return { is: 'refused', answer };
}

/** A record whose name is the one that was asked for. */
export interface AnswerRecord {
  readonly type: 'A' | 'AAAA' | 'PTR';
  /** An address, or a name. */
  readonly data: string;
}

/** An answer of at most so many bytes: records that have no room are left out, and it says so. */
export function answerTo(question: Question, records: readonly AnswerRecord[], bytesMax: number): Buffer {
  const optionBytes = question.options === undefined ? 0 : OPTION_BYTES;
  const headBytes = HEADER_BYTES + question.asked.length;
  const whole = headBytes + optionBytes + records.length * RECORD_BYTES_MAX;
  // Room for one more record than may stay: whether it fits is seen when it is written.
  const out = Buffer.allocUnsafe(Math.min(whole, bytesMax) + RECORD_BYTES_MAX);
  let at = headBytes;
  let kept = 0;
  for (const record of records) {
    const end = writeRecord(record, out, at);
    if (end + optionBytes > bytesMax) break;
    at = end;
    kept++;
  }
  writeHead(question, out, RCODE.none, kept < records.length ? FLAG.truncated : 0, kept);
  return out.subarray(0, writeOptions(question, out, at, RCODE.none));
}

/** An answer without records. */
export const answerWithCode = (question: Question, code: ResponseCode): Buffer => empty(question, code, 0);

function empty(question: Question, code: ResponseCode, flags: number): Buffer {
  const headBytes = HEADER_BYTES + question.asked.length;
  const out = Buffer.allocUnsafe(headBytes + OPTION_BYTES);
  writeHead(question, out, code, flags, 0);
  return out.subarray(0, writeOptions(question, out, headBytes, code));
}

/** Somebody else's answer, made ready for the asker: under its number, and cut off where it is too long for it. */
export function passedOn(question: Question, answer: Buffer, bytesMax: number): Buffer {
  if (answer.length > bytesMax) return empty(question, RCODE.none, FLAG.truncated);
  question.message.copy(answer, 0, 0, 2);
  return answer;
}

function writeHead(
  { message, asked, options }: Question,
  out: Buffer,
  code: number,
  flags: number,
  records: number,
): void {
  message.copy(out, 0, 0, 2);
  const wanted = message.readUInt16BE(2) & FLAG.recursionDesired;
  out.writeUInt16BE(FLAG.response | FLAG.recursionAvailable | wanted | flags | (code & RCODE_MASK), 2);
  out.writeUInt16BE(1, 4);
  out.writeUInt16BE(records, 6);
  out.writeUInt32BE(options === undefined ? 0 : 1, 8);
  asked.copy(out, HEADER_BYTES);
}

const numberOf = { A: TYPE.A, AAAA: TYPE.AAAA, PTR: TYPE.PTR } as const;

/** Gives the record's end. */
function writeRecord({ type, data }: AnswerRecord, out: Buffer, at: number): number {
  out.writeUInt16BE(NAME_OF_QUESTION, at);
  out.writeUInt16BE(numberOf[type], at + 2);
  out.writeUInt16BE(CLASS_IN, at + 4);
  out.writeUInt32BE(TTL_SECONDS, at + 6);
  const codec = packet.record(type);
  codec.encode(data, out, at + RECORD_HEAD_BYTES);
  return at + RECORD_HEAD_BYTES + codec.encode.bytes;
}

const DNSSEC_OK = 0x8000;
/**
 * The answer to options is options (RFC 6891, 6.1.1): ours are that we take so much, and know version 0 alone. Gives the
 * end.
 */
function writeOptions({ options }: Question, out: Buffer, at: number, code: number): number {
  if (options === undefined) return at;
  out.writeUInt8(0, at);
  out.writeUInt16BE(TYPE.OPT, at + 1);
  out.writeUInt16BE(UDP_BYTES_MAX, at + 3);
  out.writeUInt16BE((code >> 4) << 8, at + 5);
  out.writeUInt16BE(options.flag_do ? DNSSEC_OK : 0, at + 7);
  out.writeUInt16BE(0, at + 9);
  return at + OPTION_BYTES;
}

/** What a server's message is: the answer, word that it cannot help, or nothing that answers this question. */
export type Verdict = 'answer' | 'failure' | 'foreign';

/** Whether `answer` answers `question`, which went out under the number `id`. Never throws. */
export function judge(answer: Buffer, question: Question, id: number): Verdict {
  if (answer.length < HEADER_BYTES || answer.readUInt16BE(0) !== id) return 'foreign';
  const flags = answer.readUInt16BE(2);
  if ((flags & FLAG.response) === 0 || (flags & OPCODE) !== 0) return 'foreign';
  const code = flags & RCODE_MASK;
  const failed = code === RCODE.failed || code === RCODE.refused || code === RCODE.notImplemented;
  // A server that cannot read a question has none to send back.
  if (answer.length === HEADER_BYTES && answer.readUInt16BE(4) === 0 && code !== RCODE.none) return 'failure';
  if (answer.readUInt16BE(4) !== 1 || !isSameQuestion(answer, question)) return 'foreign';
  if (failed) return 'failure';
  // One that was cut off may end within a record.
  if ((flags & FLAG.truncated) === 0 && !isWhole(answer, HEADER_BYTES + question.asked.length))
    return 'foreign';
  return 'answer';
}

const LETTERS = /[A-Z]/g;
/** Some servers send names back in lower case. */
function isSameQuestion(answer: Buffer, { asked }: Question): boolean {
  const echoed = answer.subarray(HEADER_BYTES, HEADER_BYTES + asked.length);
  if (echoed.equals(asked)) return true;
  const folded = (bytes: Buffer): string =>
    bytes.toString('latin1').replace(LETTERS, (letter) => letter.toLowerCase());
  return folded(echoed) === folded(asked);
}

/** Whether the records that the header counts are there, each with its whole length. */
function isWhole(answer: Buffer, from: number): boolean {
  let records = answer.readUInt16BE(6) + answer.readUInt16BE(8) + answer.readUInt16BE(10);
  let at = from;
  for (; records > 0; records--) {
    const end = endOfName(answer, at);
    if (end < 0 || end + 10 > answer.length) return false;
    at = end + 10 + answer.readUInt16BE(end + 8);
    if (at > answer.length) return false;
  }
  return true;
}

/** Where the name ends that begins there, -1 when it does not. A pointer ends it; where that leads is not followed. */
function endOfName(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; ) {
    const length = bytes.readUInt8(at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length >= 0x40) return -1;
    at += 1 + length;
  }
  return -1;
}
