import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Log } from '../../../base/log.ts';
import type { Task } from '../../../runtime/index.ts';
import type { Records } from '../../../storage/index.ts';
import { Container } from '../container.ts';
import { Directory } from '../directory.ts';
import type { ContainerRecord } from '../record.ts';
import { NO_RUN } from '../state.ts';
import { startWhenJoinable } from './held-back.ts';

/** An engine of which only names, ties and starts matter; `joins`: who joins whose network. */
function engine(joins: Readonly<Record<string, string>>) {
  const directory = new Directory();
  const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
  const deps = { directory, log: silent, stopping: () => false };
  const started: string[] = [];
  const failing = new Set<string>();
  for (const [name, other] of Object.entries(joins)) {
    const record = {
      id: name.repeat(64),
      name,
      created: name,
      state: { is: 'exited', last: NO_RUN },
      hostConfig: other === '' ? {} : { NetworkMode: `container:${other}` },
    } as unknown as ContainerRecord;
    directory.add(new Container(record, { write: async () => undefined } as unknown as Records));
  }
  const find = (name: string) => directory.find(name);
  const start = async (container: Container): Promise<void> => {
    container.dropRestart();
    const { name } = container.record;
    if (failing.has(name)) {
      container.notifyStart(undefined);
      throw new Error(`${name} does not start`);
    }
    const task = {} as Task;
    container.task = task;
    container.set({ state: { is: 'running', startedAt: '', pid: 1, last: container.record.state.last } });
    started.push(name);
    container.notifyStart(task);
  };
  const byPolicy = (name: string) => {
    const container = find(name);
    return container.mailbox.run(() => startWhenJoinable(deps, container, start));
  };
  return { find, started, failing, start, byPolicy };
}

const settled = async (): Promise<void> => {
  for (let turns = 0; turns < 20; turns++) await turn();
};
const states = ({ find }: ReturnType<typeof engine>, ...names: string[]): string[] =>
  names.map((name) => find(name).record.state.is);

test('what joins nobody, or who runs, is started', async () => {
  const all = engine({ a: '', b: 'a' });
  await all.byPolicy('a');
  await all.byPolicy('b');
  assert.deepEqual(all.started, ['a', 'b']);
});

test('a chain of those that wait comes back one behind the other', async () => {
  const all = engine({ a: '', b: 'a', c: 'b' });
  await all.byPolicy('c');
  await all.byPolicy('b');
  assert.deepEqual(states(all, 'b', 'c'), ['restarting', 'restarting']);
  await all.start(all.find('a'));
  await settled();
  assert.deepEqual(all.started, ['a', 'b', 'c']);
});

test('a start of the other that fails lets it wait on', async () => {
  const all = engine({ a: '', b: 'a' });
  await all.byPolicy('b');
  all.failing.add('a');
  await assert.rejects(all.byPolicy('a'));
  await settled();
  assert.deepEqual(states(all, 'b'), ['restarting']);
  all.failing.clear();
  await all.byPolicy('a');
  await settled();
  assert.deepEqual(all.started, ['a', 'b']);
});

test('a container that is about to end is waited for, and is not asked again and again', async () => {
  const all = engine({ a: '', b: 'a' });
  const [a, b] = [all.find('a'), all.find('b')];
  await all.byPolicy('a');
  a.task = { ending: true } as Task;
  await all.byPolicy('b');
  let saves = 0;
  const save = b.save.bind(b);
  b.save = (...change) => {
    saves += 1;
    return save(...change);
  };
  await settled();
  assert.equal(saves, 0);
  a.task = undefined;
  a.notifyExit({ exitCode: 0, error: '' });
  await all.start(a);
  await settled();
  assert.deepEqual(all.started, ['a', 'a', 'b']);
});

test('a failure of its own is not waited out', async () => {
  const all = engine({ a: '', b: 'a' });
  await all.byPolicy('a');
  all.failing.add('b');
  await assert.rejects(all.byPolicy('b'), { message: 'b does not start' });
});

test('a stop ends the wait', async () => {
  const all = engine({ a: '', b: 'a' });
  await all.byPolicy('b');
  all.find('b').dropRestart();
  all.find('b').set({ state: { is: 'exited', last: NO_RUN } });
  await all.start(all.find('a'));
  await settled();
  assert.deepEqual(all.started, ['a']);
});

test('those that join each other in a circle, or themselves, wait without hanging anybody', async () => {
  const all = engine({ a: 'b', b: 'a', c: 'c', d: '' });
  for (const name of ['a', 'b', 'c', 'd']) await all.byPolicy(name);
  await settled();
  assert.deepEqual(all.started, ['d']);
  assert.deepEqual(states(all, 'a', 'b', 'c'), ['restarting', 'restarting', 'restarting']);
});
