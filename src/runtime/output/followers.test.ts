import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Follower, type FollowerOptions, Followers, LAG_BYTES } from './followers.ts';
import { Segment } from './segment.ts';

const MIB = 1 << 20;
const follower = (waitedFor: FollowerOptions['waitedFor'], lagBytes = 10, behind = 0): Follower =>
  new Follower(100, { behind, lagBytes, waitedFor });

function followersOf(t: TestContext, ...all: Follower[]): Followers {
  const followers = new Followers();
  for (const each of all) followers.add(each);
  t.after(() => followers.close());
  return followers;
}

/** Time passes by the millisecond, as for timers that set the next. */
function pass(t: TestContext, milliseconds: number): void {
  for (let passed = 0; passed < milliseconds; passed++) t.mock.timers.tick(1);
}

test('the container may be 64 MiB ahead of a client', () => assert.equal(LAG_BYTES, 64 * MIB));

test('a follower lags when it is further behind than it may be', (t) => {
  const followers = followersOf(t, follower('always'));
  assert.deepEqual(
    [100, 110, 111].map((total) => followers.lagging(total)),
    [false, false, true],
  );
});

test('who begins behind may fall behind from there', (t) => {
  const followers = followersOf(t, follower('always', 10, 50));
  assert.deepEqual(
    [100, 110, 111].map((total) => followers.lagging(total)),
    [false, false, true],
  );
});

test('nobody waits for who is not waited for', (t) => {
  const followers = followersOf(t, follower('never'));
  assert.equal(followers.lagging(1e9), false);
});

test('the writer goes on when the last one that lags has read on, or goes', (t) => {
  const [one, two] = [follower('always'), follower('always')];
  const followers = followersOf(t, one, two);
  let resumed = 0;
  followers.progressed(111);
  followers.onDrained = () => {
    resumed += 1;
  };
  followers.progressed(111);
  one.consumed = 101;
  followers.progressed(111);
  assert.equal(resumed, 0);
  followers.remove(two, 111);
  assert.equal(resumed, 1);
});

test('who stands still for two seconds is left behind, if it may be: the others go on being waited for', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [still, slow, brisk, always] = [
    follower('while it reads', 10),
    follower('while it reads', 10),
    follower('while it reads', 10),
    follower('always', 10),
  ];
  const followers = followersOf(t, still, slow, brisk, always);
  let resumed = 0;
  followers.onDrained = () => {
    resumed += 1;
  };
  const total = 100 + 4 * MIB;
  assert.equal(followers.lagging(total), true);
  slow.consumed += MIB - 1;
  brisk.consumed += MIB;
  const late = followers.add(follower('while it reads', 10));
  pass(t, 1999);
  assert.deepEqual(
    [still, slow, brisk, always, late].map(({ left }) => left),
    Array(5).fill(false),
  );
  pass(t, 1);
  assert.deepEqual(
    [still, slow, brisk, always, late].map(({ left, waitedFor }) => [left, waitedFor]),
    [
      [true, 'never'],
      [true, 'never'],
      [false, 'while it reads'],
      [false, 'always'],
      [false, 'while it reads'],
    ],
  );
  assert.equal(resumed, 0);
  // What lags still has another two seconds.
  always.consumed = brisk.consumed = total;
  pass(t, 2000);
  assert.deepEqual([late.left, brisk.left, resumed], [true, false, 1]);
});

test('a thread that could not turn for long, so that nobody read, leaves nobody behind for that', async (t) => {
  const one = follower('while it reads', 10);
  const followers = followersOf(t, one);
  followers.lagging(100 + 4 * MIB);
  const end = performance.now() + 2100;
  while (performance.now() < end);
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal(one.left, false);
});

test('one that caught up meanwhile is not left behind, however little it had to read', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const one = follower('while it reads', 10);
  const followers = followersOf(t, one);
  assert.equal(followers.lagging(111), true);
  one.consumed += 1;
  pass(t, 2000);
  assert.equal(one.left, false);
});

test('nobody is left behind after the end', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const one = follower('while it reads', 10);
  const followers = followersOf(t, one);
  followers.lagging(111);
  followers.close();
  pass(t, 5000);
  assert.equal(one.left, false);
});

test('the oldest segment stays that somebody needs who is waited for', (t) => {
  const followers = followersOf(t);
  assert.equal(followers.keepsFrom, Number.POSITIVE_INFINITY);
  for (const [waitedFor, keepsFrom] of [
    ['always', 7],
    ['while it reads', 5],
    ['never', 3],
  ] as const)
    followers.add(Object.assign(follower(waitedFor), { keepsFrom }));
  assert.equal(followers.keepsFrom, 5);
});

test('a new segment is held open for who reads by descriptors, not for who was left or has its own', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-followers-'));
  t.after(() => rmSync(directory, { recursive: true }));
  Segment.open(directory, 1, 'write').close();
  const reads = follower('always');
  const left = Object.assign(follower('never'), { left: true });
  const ships = Object.assign(follower('always'), { keepsFrom: 1 });
  const followers = followersOf(t, reads, left, ships);
  followers.rotated(directory, 1);
  assert.deepEqual(
    [reads, left, ships].map(({ segments }) => segments.length),
    [1, 0, 0],
  );
  followers.remove(reads, 100);
  assert.equal(reads.segments.length, 0);
});
