/** What systemd hears. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Log, silentLog } from '../base/log.ts';
import { AF, bind, MSG, receive, SOCK, socket, unixAddress } from '../linux/index.ts';
import { notify } from './notify.ts';

/** A datagram socket at `path` (`@name`: abstract), and what it gets. */
function listenAt(t: { after(work: () => void): void }, path: string): () => string | undefined {
  const fd = socket(AF.UNIX, SOCK.DGRAM, 0);
  t.after(() => closeSync(fd));
  bind(fd, path.startsWith('@') ? unixAddress(`\0${path.slice(1)}`).subarray(0, -1) : unixAddress(path));
  return () => {
    const room = Buffer.alloc(256);
    const n = receive(fd, room, MSG.DONTWAIT);
    return n < 0 ? undefined : room.toString('utf8', 0, n);
  };
}

test('readiness goes out as one datagram with status and pid', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gantry-notify-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const heard = listenAt(t, join(dir, 's'));
  notify({ state: 'ready', status: 'serving' }, silentLog, join(dir, 's'));
  assert.equal(heard(), `READY=1\nSTATUS=serving\nMAINPID=${process.pid}`);
  assert.equal(heard(), undefined);
});

test('an abstract socket is reached too', (t) => {
  const name = `@gantry-notify-${process.pid}`;
  const heard = listenAt(t, name);
  notify({ state: 'stopping' }, silentLog, name);
  assert.equal(heard(), `STOPPING=1\nMAINPID=${process.pid}`);
});

test('a socket that is not there is a line in the log, not a failure', () => {
  const warned: string[] = [];
  const log: Log = { ...silentLog, warn: (event) => warned.push(event) };
  notify({ state: 'ready' }, log, '/nonexistent/notify');
  notify({ state: 'ready' }, log, undefined);
  assert.deepEqual(warned, ['notify.failed']);
});
