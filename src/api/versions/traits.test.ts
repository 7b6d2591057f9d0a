/** How the front door behaves, from which version on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialectOf } from './index.ts';
import { newestTraits, type Traits } from './traits.ts';

/** What holds below a version, then what holds from it on. */
const SINCE: { readonly [K in keyof Traits]?: readonly (readonly [minor: number, value: Traits[K]])[] } = {
  framing: [
    [0, 'merged'],
    [6, 'multiplexed'],
  ],
  framesAnnounced: [
    [0, false],
    [42, true],
  ],
  upgradeAnswered: [
    [0, false],
    [17, true],
  ],
  webSocketFrames: [
    [0, 'text'],
    [28, 'binary'],
  ],
  errorBody: [
    [0, 'text'],
    [24, 'json'],
  ],
  eventSeparator: [
    [0, ''],
    [19, '\n'],
  ],
  booleans: [
    [0, 'strict'],
    [3, 'parsed'],
    [9, 'lenient'],
  ],
  waitHeadAtOnce: [
    [0, false],
    [30, true],
  ],
  waitSilentOnFailure: [
    [0, true],
    [34, false],
  ],
  memoryBytesMin: [
    [0, 512 << 10],
    [15, 4 << 20],
    [41, 6 << 20],
  ],
  readOnlyIsFlat: [
    [0, true],
    [44, false],
  ],
  removalGraceSeconds: [
    [0, 3],
    [3, 0],
    [10, 5],
    [14, 0],
  ],
  networkSubnets: [
    [0, 'anyAddress'],
    [44, 'firstAddress'],
  ],
  layers: [
    [0, 'serial'],
    [4, 'parallel'],
  ],
  buildBody: [
    [0, 'form'],
    [3, 'archive'],
  ],
  copyType: [
    [0, 'application/octet-stream'],
    [15, 'application/x-tar'],
  ],
  startBody: [
    [0, 'ignored'],
    [3, 'jsonIfTyped'],
    [14, 'json'],
    [24, 'refused'],
  ],
  detachedStatus: [
    [0, 204],
    [21, 200],
  ],
  networkRemovedStatus: [
    [0, 200],
    [23, 204],
  ],
  versionTellsLimits: [
    [0, true],
    [1, false],
  ],
  execTellsContainer: [
    [0, true],
    [22, false],
  ],
};

for (const [name, changes] of Object.entries(SINCE) as [
  keyof Traits,
  readonly (readonly [number, unknown])[],
][])
  test(`${name} is ${changes.map(([minor, value]) => `${JSON.stringify(value)} from 1.${minor} on`).join(', ')}`, () => {
    for (let minor = 0; minor <= 55; minor++) {
      const value = changes.findLast(([since]) => since <= minor)?.[1];
      assert.equal(dialectOf(`1.${minor}`).traits[name], value, `1.${minor}`);
    }
    assert.equal(newestTraits[name], changes.at(-1)?.[1]);
  });
