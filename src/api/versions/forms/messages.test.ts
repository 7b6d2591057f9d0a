/** Messages of streams in the words and forms of older versions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageLens } from '../step.ts';
import {
  builtAsText,
  removedWas,
  stepsFromOne,
  stepsFromZero,
  stepsWithoutTotal,
  withoutId,
  withoutTagging,
} from './builds.ts';
import { fromWithTag, ofContainersAndImages, shortForm, withLegacyFields, withShortId } from './events.ts';
import {
  asText,
  barsBesideDetails,
  importedBareId,
  importedShortId,
  insertedBareId,
  insertedId,
  insertedStatus,
  progressInBytes,
} from './progress.ts';
import { oneNetwork, withoutMembers, withoutOnlineCpus, withoutPidsLimit, zerosTold } from './stats.ts';

const ID = '0123456789abcdef'.repeat(4);
const streamed = (lens: MessageLens, stream: unknown): unknown => lens.down({ stream })?.stream;
/** Texts before and after a lens; without an after: it leaves them as they are. */
const says = (lens: MessageLens, ...pairs: readonly (readonly [string, string?])[]): void => {
  for (const [before, after = before] of pairs) assert.equal(streamed(lens, before), after);
  assert.deepEqual(lens.down({ aux: 1 }), { aux: 1 });
};

test('a removed container of a step was told at the margin', () =>
  says(
    removedWas,
    [' ---> Removed intermediate container 0123\n', 'Removing intermediate container 0123\n'],
    [' ---> Removed file\n'],
    ['x ---> Removed intermediate container 0123\n'],
  ));

test('a build counted its steps in three ways', () => {
  says(
    stepsWithoutTotal,
    ['Step 10/12 : RUN x', 'Step 10 : RUN x'],
    ['Step 1/2: RUN'],
    ['a Step 1/2 : RUN'],
    ['Step /2 : RUN'],
    ['Step 1/ : RUN'],
  );
  says(stepsFromZero, ['Step 10 : RUN x', 'Step 9 : RUN x'], ['Step  : RUN'], ['a Step 1 : RUN']);
  says(stepsFromOne, ['Step 9 : RUN x', 'Step 10 : RUN x'], ['Step  : RUN'], ['a Step 1 : RUN']);
});

test('what a build told later than a version is left out', () => {
  assert.deepEqual(
    [withoutId.down({ aux: { ID } }), withoutId.down({ aux: { ID }, stream: 'x' }), withoutId.down({})],
    [undefined, { stream: 'x' }, {}],
  );
  says(withoutTagging, ['Successfully built x'], ['is Successfully tagged ']);
  assert.equal(withoutTagging.down({ stream: 'Successfully tagged x:latest\n' }), undefined);
  assert.deepEqual(builtAsText.down({ error: 'no', errorDetail: {} }), { stream: 'Error build: no\n' });
  assert.deepEqual(builtAsText.down({ stream: 'x', errorDetail: {} }), { stream: 'x' });
});

test('events of containers and images had members of their own', () => {
  const of = (Type: string, image?: string) => ({
    Type,
    Action: 'start',
    Actor: { ID, Attributes: { ...(image !== undefined && { image }) } },
  });
  const { status, id, from } = withLegacyFields(of('container', 'busybox')) as never;
  assert.deepEqual([status, id, from], ['start', ID, 'busybox']);
  assert.deepEqual(Object.keys(withLegacyFields(of('container'))), [
    'status',
    'id',
    'Type',
    'Action',
    'Actor',
  ]);
  assert.equal('from' in withLegacyFields(of('image', 'busybox')), false);
  assert.equal(withLegacyFields(of('image')).status, 'start');
  assert.deepEqual(withLegacyFields(of('network')), of('network'));
  assert.deepEqual(
    ['container', 'image', 'network', 'volume'].map((Type) => ofContainersAndImages({ Type }) !== undefined),
    [true, true, false, false],
  );
});

test('the first events had an id of twelve digits and no more members than four, or five', () => {
  const event = { status: 'start', id: ID, time: 1, timeNano: 2, Type: 'container' };
  assert.deepEqual(shortForm(event), { status: 'start', id: ID, time: 1, timeNano: 2 });
  assert.deepEqual(shortForm({ ...event, from: 'x' }), {
    status: 'start',
    id: ID,
    from: 'x',
    time: 1,
    timeNano: 2,
  });
  assert.deepEqual(withShortId.down({ id: ID }), { id: '0123456789ab' });
  for (const id of [`${ID}0`, ID.slice(1), `x${ID}`, `${ID}x`, 'busybox:latest'])
    assert.deepEqual(withShortId.down({ id }), { id });
  assert.deepEqual(fromWithTag.down({ from: 'busybox' }), { from: 'busybox:latest' });
  assert.deepEqual(fromWithTag.down({ id: 'x' }), { id: 'x' });
});

const bar = (current: unknown, total?: unknown, units?: string) => {
  const [lens] = barsBesideDetails['POST /build'];
  return lens?.down({ progressDetail: { current, total, units } })?.progress;
};

test('a bar has fifty places, of which as many are full as was done', () => {
  const drawn = (full: number, counts: string) => `[${'='.repeat(full)}>${' '.repeat(50 - full)}] ${counts}`;
  assert.equal(bar(1, 100), drawn(0, '     1 B/100 B'));
  assert.equal(bar(2, 100), drawn(1, '     2 B/100 B'));
  assert.equal(bar(50, 100), drawn(25, '    50 B/100 B'));
  assert.equal(bar(100, 100), drawn(50, '   100 B/100 B'));
  assert.equal(bar(300, 100), drawn(50, '   300 B/100 B'));
  assert.equal(bar(0, 4), drawn(0, '     0 B/4 B'));
  assert.equal(bar(undefined, 4), drawn(0, '     0 B/4 B'));
  assert.equal(bar(-5, 4), drawn(0, '    -5 B/4 B'));
  assert.equal(bar(2, 4, 'files'), drawn(25, '2/4 files'));
});

test('without a total what was done is told alone, and without both nothing', () => {
  assert.equal(bar(7), '     7 B');
  assert.equal(bar(7, 0), '     7 B');
  assert.equal(bar(1), '     1 B');
  assert.equal(bar(0, 1), `[>${' '.repeat(50)}]      0 B/1 B`);
  assert.equal(bar(0, 0), undefined);
  assert.equal(bar(undefined), undefined);
  const [lens] = barsBesideDetails['POST /build'];
  assert.deepEqual(lens?.down({ status: 'x' }), { status: 'x' });
});

test('sizes have four digits and the unit of their thousand', () => {
  const sizes: readonly (readonly [number, string])[] = [
    [999, '   999 B'],
    [1000, '    1 kB'],
    [1234, '1.234 kB'],
    [12_345, '12.35 kB'],
    [1e6, '    1 MB'],
    [1e9, '    1 GB'],
    [999e9, '  999 GB'],
    [1e12, '1 TB'.padStart(8)],
    [1.5e15, ' 1500 TB'],
  ];
  for (const [bytes, said] of sizes) assert.equal(bar(bytes), said);
});

test('progress was text that begins each line anew, with the bar where there was one', () => {
  assert.equal(asText({ error: 'no' }), 'Error: no\r\n');
  assert.equal(asText({ stream: 'as it is' }), 'as it is');
  assert.equal(asText({ status: 'Pulling' }), 'Pulling\r\n');
  assert.equal(asText({ status: 'Pulling', progress: '[>]' }), 'Pulling [>]\r');
  assert.equal(asText({ status: 'Pulling', progressDetail: { current: 7 } }), 'Pulling      7 B\r');
  assert.equal(asText({ status: 'Pulling', progressDetail: {} }), 'Pulling\r\n');
  assert.equal(asText({}), '\r\n');
});

test('what was counted in other units was bytes to older clients', () => {
  const [lens] = progressInBytes['POST /build'];
  assert.deepEqual(lens?.down({ progressDetail: { current: 1, units: 'x' } }), {
    progressDetail: { current: 1 },
  });
  assert.deepEqual(lens?.down({ status: 'x' }), { status: 'x' });
});

test('the image of an import or insert was told by a bare id, a short one, or a document', () => {
  const whole = { status: `sha256:${ID}` };
  assert.deepEqual(importedBareId.down(whole), { status: ID });
  assert.deepEqual(importedBareId.down({ status: 'sha256:x' }), { status: 'sha256:x' });
  assert.deepEqual(importedShortId.down({ status: ID }), { status: '0123456789ab' });
  for (const status of [`${ID}0`, `x${ID}`, ID.slice(1)])
    assert.deepEqual(importedShortId.down({ status }), { status });
  assert.deepEqual(insertedBareId.down(whole), { status: ID });
  assert.deepEqual(insertedBareId.down({ stream: 'x' }), { stream: 'x' });
  assert.deepEqual(insertedId.down({ status: ID }), { Id: '0123456789ab' });
  assert.deepEqual(insertedId.down({ status: 'x' }), { status: 'x' });
  assert.deepEqual(insertedStatus.down({ Id: 'x' }), { status: 'x' });
  assert.deepEqual(insertedStatus.down({ status: 'x' }), { status: 'x' });
});

test('samples told zeros, and not what came later', () => {
  assert.deepEqual(zerosTold.down({ cpu_stats: { system_cpu_usage: 3, cpu_usage: { total_usage: 1 } } }), {
    cpu_stats: { system_cpu_usage: 3, cpu_usage: { percpu_usage: [], total_usage: 1 } },
    precpu_stats: { system_cpu_usage: 0, cpu_usage: { percpu_usage: [] } },
    memory_stats: { usage: 0, max_usage: 0, stats: {}, failcnt: 0, limit: 0 },
  });
  const { memory_stats: memory } = zerosTold.down({ memory_stats: { usage: 5 } }) as never;
  assert.deepEqual(memory, { usage: 5, max_usage: 0, stats: {}, failcnt: 0, limit: 0 });
  assert.deepEqual(withoutOnlineCpus.down({ cpu_stats: { online_cpus: 2, a: 1 }, precpu_stats: 3 }), {
    cpu_stats: { a: 1 },
    precpu_stats: 3,
  });
  assert.deepEqual(withoutMembers('a', 'b').down({ a: 1, b: 2, c: 3 }), { c: 3 });
  assert.deepEqual(withoutPidsLimit.down({ pids_stats: { current: 0, limit: 9 } }), {
    pids_stats: { current: 0 },
  });
  assert.deepEqual(withoutPidsLimit.down({ pids_stats: { limit: 9 } }), { pids_stats: {} });
});

test('all interfaces were one, whose counters are sums', () => {
  const networks = { eth0: { rx_bytes: 1, tx_dropped: 2 }, eth1: { rx_bytes: 10, tx_packets: 4 } };
  const zeros = {
    ...{ rx_bytes: 0, tx_bytes: 0, rx_packets: 0, tx_packets: 0 },
    ...{ rx_errors: 0, tx_errors: 0, rx_dropped: 0, tx_dropped: 0 },
  };
  assert.deepEqual(oneNetwork.down({ networks, id: 1 }), {
    id: 1,
    network: { ...zeros, rx_bytes: 11, tx_packets: 4, tx_dropped: 2 },
  });
  assert.deepEqual(oneNetwork.down({}), { network: zeros });
});
