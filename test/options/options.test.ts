/** Every option of create: what holds inside, what inspect shows at the newest version, at 1.20 and 1.12; and as dockerd. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { readCgroupHost } from '../../src/runtime/index.ts';
import { type Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { at, type Expected, type Group, OLDER, probe, type Row, type Seen } from './probe.ts';
import { groups } from './table.ts';

let gantry: Gantry;
let dockerd: Dockerd | string;
const ends: (() => Promise<void>)[] = [];
const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
before(async () => {
  [gantry, dockerd] = await Promise.all([startGantry(scope), startDockerd(scope)]);
});
after(async () => {
  await Promise.all(ends.map((end) => end()));
  removeParents();
});

/** The cgroups that the row CgroupParent names: engines leave a parent that a user chose. */
function removeParents(): void {
  for (const hierarchy of ['', ...readdirSync('/sys/fs/cgroup')])
    for (const path of ['gantry-options-test/below', 'gantry-options-test']) {
      const directory = `/sys/fs/cgroup/${hierarchy}/${path}`;
      if (existsSync(directory)) rmdirSync(directory);
    }
}

/** Each group's container runs once on an engine, when its first row is looked at. */
const runs = new Map<string, Promise<Seen>>();
function seenOn(engine: Engine, group: Group, newest?: string): Promise<Seen> {
  const key = `${engine.host} ${group.title}`;
  const run = runs.get(key) ?? probe(engine, group, newest);
  runs.set(key, run);
  return run;
}

const { version } = readCgroupHost();
const here = (expected: Expected): string | RegExp =>
  typeof expected === 'string' || expected instanceof RegExp
    ? expected
    : version === 2
      ? expected.v2
      : expected.v1;

function assertHolds(row: Row, printed: string): void {
  if (row.holds === undefined) return;
  const expected = here(row.holds);
  if (typeof expected === 'string') assert.equal(printed, expected);
  else assert.match(printed, expected);
}

function assertShown(row: Row, { inspect }: Seen): void {
  for (const [path, value] of Object.entries(row.shows ?? {})) {
    assert.deepEqual(at(inspect.get(''), path) ?? null, value, path);
    for (const minor of OLDER) {
      const older = at(inspect.get(`1.${minor}`), path);
      if (row.since !== undefined && minor < row.since)
        assert.equal(older, undefined, `${path} at 1.${minor}`);
      else assert.deepEqual(older ?? null, value, `${path} at 1.${minor}`);
    }
  }
}

function differences(row: Row, ours: Seen, theirs: Seen, newest: string): string[] {
  const inside = [ours, theirs].map((seen) => seen.inside.get(row.what));
  const shown = Object.keys(row.shows ?? {}).filter(
    (path) => !isDeepStrictEqual(at(ours.inspect.get(''), path), at(theirs.inspect.get(newest), path)),
  );
  return [...(inside[0] === inside[1] ? [] : [`inside: ${inside[1]}`]), ...shown];
}

for (const group of groups)
  for (const row of group.rows)
    test(`${group.title}: ${row.what}`, async (t) => {
      const ours = await seenOn(gantry, group);
      assertHolds(row, ours.inside.get(row.what) ?? '');
      assertShown(row, ours);
      if (typeof dockerd === 'string' || group.alone !== undefined)
        return t.diagnostic(`not compared: ${group.alone ?? dockerd}`);
      // What dockerd does not know fails its whole group: then nothing could be compared.
      const theirs = await seenOn(dockerd, group, dockerd.apiVersion);
      const found = differences(row, ours, theirs, dockerd.apiVersion);
      if (row.differs === undefined) assert.deepEqual(found, [], 'not as dockerd');
      else assert.notDeepEqual(found, [], `no longer different: ${row.differs}`);
    });
