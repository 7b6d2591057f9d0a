import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Frame, headOf, messageOf } from './syslog-format.ts';

const AT = 1_790_000_000_123_456_789n;
const frame: Frame = { format: '', facility: 3, hostname: 'host', tag: 'tag', pid: 7, isCounted: false };
/** The local time zone is the machine's business. */
const spelled = (change: Partial<Frame>, stream: 'stdout' | 'stderr' = 'stdout') =>
  messageOf({ ...frame, ...change }, headOf({ ...frame, ...change }, stream, AT), Buffer.from('said'))
    .toString()
    .replace(/Sep 2[012] \d\d:\d\d:\d\d|2026-09-2[012]T\d\d:\d\d:\d\d/, 'TIME')
    .replace(/(TIME(?:\.\d+)?)(?:Z|[+-]\d\d:\d\d)/, '$1Z');

for (const [name, change, stream, message] of [
  ['the local form', {}, 'stdout', '<30>TIME tag[7]: said\n'],
  ['stderr is an error', {}, 'stderr', '<27>TIME tag[7]: said\n'],
  ['RFC 3164', { format: 'rfc3164', facility: 16 }, 'stdout', '<134>TIME host tag[7]: said\n'],
  ['RFC 5424', { format: 'rfc5424' }, 'stdout', '<30>1 TIMEZ host tag 7 tag - said\n'],
  [
    'RFC 5424 with microseconds',
    { format: 'rfc5424micro' },
    'stdout',
    '<30>1 TIME.123456Z host tag 7 tag - said\n',
  ],
  [
    'RFC 3164 is never counted',
    { format: 'rfc3164', isCounted: true },
    'stdout',
    '<30>TIME host tag[7]: said\n',
  ],
] as const)
  test(`${name}: ${message.trim()}`, () => assert.equal(spelled(change, stream), message));

test('RFC 5425 puts the length of the message before it', () => {
  const [, length = '', message = ''] =
    /^(\d+) ([\s\S]*)$/.exec(spelled({ format: 'rfc5424', isCounted: true })) ?? [];
  const plain = messageOf(
    { ...frame, format: 'rfc5424' },
    headOf({ ...frame, format: 'rfc5424' }, 'stdout', AT),
    Buffer.from('said'),
  );
  assert.equal(Number(length), plain.length);
  assert.match(message, /^<30>1 /);
});

test('a day of one digit is padded with a blank', () => {
  const early = new Date(2026, 0, 5, 12).getTime();
  assert.match(headOf(frame, 'stdout', BigInt(early) * 1_000_000n), /^<30>Jan {2}5 12:00:00 tag\[7\]: $/);
});
