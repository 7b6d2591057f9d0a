import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import {
  duplicate,
  pipe,
  processStat,
  Reactor,
  readNow,
  SOCK,
  socketPair,
  writeNow,
} from '../../linux/index.ts';
import { Keeper, type KeeperDeps, SOCKET_NAMES } from './keeper.ts';

function place(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-keeper-'));
  const reactor = new Reactor((error) => assert.fail(String(error)));
  const devNull = openSync('/dev/null', 'r+');
  const deps = { file: join(directory, 'keeper'), devNull, reactor, log: silentLog };
  t.after(() => {
    for (const file of [deps.file, `${deps.file}-2`]) killIn(file);
    reactor.close();
    closeSync(devNull);
    rmSync(directory, { recursive: true });
  });
  return deps;
}
function killIn(file: string): void {
  try {
    process.kill(Number(readFileSync(file, 'utf8').split(' ')[0]), 'SIGKILL');
  } catch {
    // none was started, or it has ended
  }
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

/** A keeper whose daemon then dies: it sees no holder end any more. */
function openAndDie(deps: KeeperDeps, work: (keeper: Keeper) => void = () => undefined): readonly number[] {
  const reactor = new Reactor((error) => assert.fail(String(error)));
  const { keeper } = Keeper.open({ ...deps, reactor });
  work(keeper);
  reactor.close();
  return keeper.pids;
}
async function kill(...pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await Promise.all(pids.map(ended));
}
const ended = async (pid: number): Promise<void> => {
  // Of a process that nobody has reaped yet no program is left.
  while (existsSync(`/proc/${pid}/exe`)) await new Promise((resolve) => setTimeout(resolve, 2));
};

test('RC-S01: a holder that is killed is replaced and nothing parked is lost', async (t) => {
  const deps = place(t);
  const { keeper } = Keeper.open(deps);
  const ends = pipe(true);
  keeper.park('output', 'c1', [ends.read]);
  for (const which of [0, 1]) {
    const before = keeper.pids[which] ?? assert.fail();
    process.kill(before, 'SIGKILL');
    while (keeper.pids[which] === before) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.deepEqual([...Keeper.open(deps).found.output.keys()], ['c1']);
});

for (const which of [0, 1])
  test(`RC-S03: holder ${which} and the daemon killed at once lose nothing: the other has it, and a new one gets it`, async (t) => {
    const deps = place(t);
    const ends = pipe(true);
    t.after(() => [ends.read, ends.write].map(closeSync));
    const pids = openAndDie(deps, (keeper) => keeper.park('input', 'c1', [ends.write]));
    await kill(pids[which] ?? assert.fail());
    const next = openAndDie(deps);
    assert.equal(next[1 - which], pids[1 - which]);
    await kill(next[1 - which] ?? assert.fail());
    const { found } = Keeper.open(deps);
    assert.equal(inode(found.input.get('c1')?.[0] ?? -1), inode(ends.write));
  });

test('RC-S03: what a store holds is found when every holder was killed with the daemon', async (t) => {
  const deps = place(t);
  const kept = new Map<string, number>();
  const store = { found: new Map(), keep: (given: ReadonlyMap<string, number>) => keepCopies(kept, given) };
  const ends = pipe(true);
  t.after(() => [ends.read, ends.write].map(closeSync));
  const pids = openAndDie({ ...deps, store }, (keeper) => keeper.park('output', 'c1', [ends.read]));
  assert.deepEqual([...kept.keys()], SOCKET_NAMES);
  await kill(...pids);
  const keep = () => assert.fail('it holds them already');
  const { found } = Keeper.open({ ...deps, store: { found: kept, keep } });
  assert.equal(inode(found.output.get('c1')?.[0] ?? -1), inode(ends.read));
});

test('a store that lacks a socket, or holds others than the keeper, is told of the right ones', (t) => {
  const deps = place(t);
  const kept = new Map<string, number>();
  t.after(() => [...kept.values()].map(closeSync));
  const keep = (given: ReadonlyMap<string, number>) => keepCopies(kept, given);
  openAndDie({ ...deps, store: { found: new Map(), keep } });
  const [first = ''] = SOCKET_NAMES;
  const others = [...socketPair(SOCK.SEQPACKET), ...socketPair(SOCK.SEQPACKET)];
  const wrong = new Map(SOCKET_NAMES.map((name, i) => [name, others[i] ?? -1]));
  const right = [...kept.values()].map(inode);
  for (const found of [new Map([[first, openSync('/dev/null', 'r')]]), wrong]) {
    keepCopies(kept, new Map());
    openAndDie({ ...deps, store: { found, keep } });
    assert.deepEqual([...kept.values()].map(inode), right);
  }
});

/** As a service manager does. */
function keepCopies(kept: Map<string, number>, given: ReadonlyMap<string, number>): void {
  for (const fd of kept.values()) closeSync(fd);
  kept.clear();
  for (const [name, fd] of given) kept.set(name, duplicate(fd));
}

test('RC-S05: another process under the remembered pid is not taken for the keeper', async (t) => {
  const deps = place(t);
  await kill(...openAndDie(deps));
  const own = `${process.pid} ${processStat(process.pid)?.startTime}\n`;
  for (const file of [deps.file, `${deps.file}-2`]) writeFileSync(file, own);
  assert.equal(Keeper.open(deps).keeper.pids.includes(process.pid), false);
});
