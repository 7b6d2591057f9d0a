/** Sockets passed by systemd. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseSockets, passedSockets } from './activation.ts';

const env = { LISTEN_PID: '77', LISTEN_FDS: '2', LISTEN_FDNAMES: 'api.socket:' };

test('passed sockets are numbered from 3, with their names', () =>
  assert.deepEqual(passedSockets(env, 77), [
    { fd: 3, name: 'api.socket' },
    { fd: 4, name: 'unknown' },
  ]));
test("another process's variables mean nothing", () => assert.deepEqual(passedSockets(env, 78), []));
for (const count of ['0', '-1', 'x', '1.5'])
  test(`LISTEN_FDS=${count} means no sockets`, () =>
    assert.deepEqual(passedSockets({ ...env, LISTEN_FDS: count }, 77), []));

test('fd:// takes all, fd://4 one, fd://NAME those of that name', () => {
  const passed = passedSockets(env, 77);
  assert.deepEqual(
    [chooseSockets('*', passed), chooseSockets('4', passed), chooseSockets('api.socket', passed)].map(
      (each) => each.map((one) => one.fd),
    ),
    [[3, 4], [4], [3]],
  );
});
test('fd:// without passed sockets says so', () =>
  assert.throws(() => chooseSockets('*', []), /no sockets were passed/));
test('an unknown name is refused, naming those there are', () =>
  assert.throws(() => chooseSockets('x', passedSockets(env, 77)), /fd:\/\/x: not among .*api\.socket/));

test('what systemd held for an earlier daemon is no socket to listen at, and moves none of the others', () => {
  const given = { LISTEN_PID: '77', LISTEN_FDS: '2', LISTEN_FDNAMES: 'held.keeper.input.in:api' };
  assert.deepEqual(passedSockets(given, 77), [{ fd: 4, name: 'api' }]);
});
