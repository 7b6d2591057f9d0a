/** logs: what a container can write a second, and how fast it is read back: whole, and its last lines. */
import type { EnginePeer } from '../peers/peer.ts';
import { removeNow, start, waitFor } from './containers.ts';
import type { Figures, Scenario } from './scenario.ts';

const LINE = `${'0123456789'.repeat(10).slice(0, 99)}\n`;
/** Below what Gantry's default driver keeps, so that every engine has all of it. */
const LINES = 800_000;
const BYTES = LINE.length * LINES;
const TAIL = 10;
const COMMAND = ['/bin/sh', '-c', `yes ${LINE.trim()} | head -c ${BYTES}`];

export const logs: Scenario = {
  name: 'logs',
  title: `logs: ${BYTES / 1e6} MB in lines of ${LINE.length} bytes, written and read back, by each engine's own driver`,
  unit: 'ms',
  rounds: 7,
  warmUps: 1,
  prepare: async (peer) =>
    peer.is === 'engine' ? { once: () => onEngine(peer), close: async () => {} } : undefined,
};

async function onEngine(peer: EnginePeer): Promise<Figures> {
  const { Id } = await peer.api.json<{ Id: string }>('POST', '/containers/create', {
    Image: peer.image,
    Cmd: COMMAND,
    HostConfig: { NetworkMode: 'none' },
  });
  try {
    const began = performance.now();
    await start(peer, Id);
    await waitFor(peer, Id, 0);
    const written = performance.now();
    const all = await peer.api.call('GET', `/containers/${Id}/logs?stdout=1`);
    const read = performance.now();
    const last = await peer.api.call('GET', `/containers/${Id}/logs?stdout=1&tail=${TAIL}`);
    const tailed = performance.now();
    verify(peer, all.body, LINES);
    verify(peer, last.body, TAIL);
    return { write: written - began, read: read - written, [`tail ${TAIL}`]: tailed - read };
  } finally {
    await removeNow(peer, Id);
  }
}

/** @throws when the frames hold anything but so many lines */
function verify(peer: EnginePeer, body: Buffer, lines: number): void {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= body.length; ) {
    const end = at + 8 + body.readUInt32BE(at + 4);
    parts.push(body.subarray(at + 8, end));
    at = end;
  }
  if (!Buffer.concat(parts).equals(Buffer.from(LINE.repeat(lines))))
    throw new Error(`${peer.name}: the log is not what was written`);
}
