import assert from 'node:assert/strict';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { pipe, Reactor, readNow, writeNow } from '../../linux/index.ts';
import { Keeper } from './keeper.ts';

function place(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-keeper-'));
  const reactor = new Reactor((error) => assert.fail(String(error)));
  const devNull = openSync('/dev/null', 'r+');
  const deps = { file: join(directory, 'keeper'), devNull, reactor, log: silentLog };
  t.after(() => {
    try {
      process.kill(Number(readFileSync(deps.file, 'utf8').split(' ')[0]), 'SIGKILL');
    } catch {}
    reactor.close();
    closeSync(devNull);
    rmSync(directory, { recursive: true });
  });
  return deps;
}
const inode = (fd: number) => fstatSync(fd).ino;

test('what one daemon parked, the next one finds, and unread bytes with it', (t) => {
  const deps = place(t);
  const first = Keeper.open(deps).keeper;
  const ends = pipe(true);
  writeNow(ends.write, Buffer.from('unread'));
  first.park('output', 'c1', [ends.read]);
  const ino = inode(ends.read);
  closeSync(ends.read);
  closeSync(ends.write);
  const { found } = Keeper.open(deps);
  const fd = found.output.get('c1')?.[0] ?? -1;
  assert.equal(inode(fd), ino);
  const bytes = Buffer.alloc(16);
  assert.equal(bytes.toString('utf8', 0, readNow(fd, bytes)), 'unread');
});

test('releasing one name closes it at once and keeps the others', (t) => {
  const deps = place(t);
  const { keeper } = Keeper.open(deps);
  const ends = [0, 1, 2, 3].map(() => pipe(true));
  ends.forEach(({ write }, i) => keeper.park('input', `c${i}`, [write]));
  for (const { write } of ends) closeSync(write);
  keeper.release('input', 'c2');
  keeper.release('input', 'c0');
  keeper.release('input', 'never parked');
  const byte = Buffer.alloc(1);
  assert.deepEqual(
    ends.map(({ read }) => readNow(read, byte)),
    [0, -1, 0, -1],
    'end of input exactly for the released',
  );
  assert.deepEqual([...Keeper.open(deps).found.input.keys()], ['c1', 'c3']);
  for (const { read } of ends) closeSync(read);
});

test('output that is let go of is not found by the next daemon, the rest is', (t) => {
  const deps = place(t);
  const { keeper } = Keeper.open(deps);
  const ends = Array.from({ length: 6 }, () => pipe(true));
  ends.forEach(({ read }, i) => keeper.park('output', `c${i}`, [read]));
  for (const i of [4, 0, 2]) keeper.release('output', `c${i}`);
  keeper.close();
  assert.deepEqual([...Keeper.open(deps).found.output.keys()].toSorted(), ['c1', 'c3', 'c5']);
  for (const { read, write } of ends) for (const fd of [read, write]) closeSync(fd);
});

test('a name that is let go of and parked again has what was parked last', (t) => {
  const deps = place(t);
  const { keeper } = Keeper.open(deps);
  const [before, after] = [pipe(true), pipe(true)];
  keeper.park('output', 'c1', [before.read]);
  keeper.release('output', 'c1');
  keeper.park('output', 'c1', [after.read]);
  const { found } = Keeper.open(deps);
  assert.equal(inode(found.output.get('c1')?.[0] ?? -1), inode(after.read));
  for (const fd of [before, after].flatMap(({ read, write }) => [read, write])) closeSync(fd);
});

test('a keeper that is killed is replaced and nothing parked is lost', async (t) => {
  const deps = place(t);
  const { keeper } = Keeper.open(deps);
  const ends = pipe(true);
  keeper.park('output', 'c1', [ends.read]);
  const before = keeper.pid;
  process.kill(before, 'SIGKILL');
  while (keeper.pid === before) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.deepEqual([...Keeper.open(deps).found.output.keys()], ['c1']);
});

test('another process under the remembered pid is not taken for the keeper', (t) => {
  const deps = place(t);
  const { keeper } = Keeper.open(deps);
  keeper.close();
  const { keeper: next } = Keeper.open({ ...deps });
  assert.notEqual(next.pid, keeper.pid);
});
