/** Bytes of an answer as a text that people can read and that is the same each time. */
import { connect } from 'node:net';

const CHUNK_END = Buffer.from('\r\n');

/** Sends a request and gives all that comes until the engine ends; or, of a stream without end, the brace after `last`. */
export async function received(path: string, request: Buffer, last?: string): Promise<Buffer> {
  const socket = connect({ path, allowHalfOpen: true });
  try {
    socket.write(request);
    let bytes = Buffer.alloc(0);
    for await (const part of socket as AsyncIterable<Buffer>) {
      bytes = Buffer.concat([bytes, part]);
      const end = bytes.indexOf('\r\n\r\n');
      // Who has nothing to say ends its side of a connection that was taken over; elsewhere that is to leave.
      if (end !== -1 && !/^Date: /m.test(bytes.toString('latin1', 0, end))) socket.end();
      if (last !== undefined && bytes.includes(last) && bytes.subarray(-2).equals(CHUNK_END)) break;
    }
    const all = whole(bytes);
    return last === undefined ? all : all.subarray(0, all.indexOf('}', all.indexOf(last) + last.length) + 1);
  } finally {
    socket.destroy();
  }
}

/** Chunks put together: where one ends is a matter of time. */
function whole(bytes: Buffer): Buffer {
  const end = bytes.indexOf('\r\n\r\n') + 4;
  const head = bytes.subarray(0, end);
  if (!/^transfer-encoding: chunked\r$/im.test(head.toString('latin1'))) return bytes;
  const parts = [head];
  for (let at = end; at < bytes.length; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts);
}

/** Bytes that a text does not show are written `\r` and `\xNN`. Archives have a name. */
export function shown(bytes: Buffer): string {
  const end = bytes.indexOf('\r\n\r\n') + 4;
  const head = bytes.toString('latin1', 0, end);
  if (/^Content-Type: application\/(x-tar|octet-stream)\r$/m.test(head)) return `${escaped(head)}{archive}`;
  return escaped(bytes.toString('latin1'));
}

const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\\\')
    .replaceAll('\r', '\\r')
    .replace(/[^\n\x20-\x7e]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** The other way round, for requests. */
export const unescaped = (text: string): Buffer =>
  Buffer.from(
    text.replace(/\\(\\|r|x([0-9a-f]{2}))/g, (_all, what: string, hex?: string) =>
      hex ? String.fromCharCode(Number.parseInt(hex, 16)) : what === 'r' ? '\r' : '\\',
    ),
    'latin1',
  );

/** What varies, and its name. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/^Date: .*\\r$/gm, 'Date: {date}\\r'],
  [/sha256:[0-9a-f]{64}/g, '{digest}'],
  [/\b[0-9a-f]{64}\b/g, '{id}'],
  [/\b[0-9a-f]{12}\b/g, '{shortId}'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z/g, '{nanoseconds}'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, '{rfc3339}'],
  [/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\.\d{3}/g, '{stamp}'],
  // A row of ps has numbers of the machine's.
  [/"PID":"\d+"/g, '"PID":"{pid}"'],
  [/\["root","\d+","\d+","\d+","[^"]+"/g, '["root","{pid}","{pid}","{c}","{stime}"'],
  [/"execDuration":"\d+"/g, '"execDuration":"{seconds}"'],
  [/"time":\d{10}\b/g, '"time":{seconds}'],
  [/"timeNano":\d{19}\b/g, '"timeNano":{nanoseconds}'],
];

/** The text with names for what varies; the length of a body that has such a name varies too. */
export function named(text: string): string {
  const all = VARYING.reduce((said, [what, name]) => said.replaceAll(what, name), text);
  const body = all.slice(all.indexOf('\\r\n\\r\n') + 6);
  return /\{[a-zA-Z]\w*\}/.test(body)
    ? all.replace(/^Content-Length: \d+/m, 'Content-Length: {length}')
    : all;
}
