import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failed, NotFound } from '../base/errors.ts';
import { RegistryError, Unreachable } from './failure.ts';
import { firstRoute } from './routes.ts';

const nowhere = (words: string) => new Unreachable(words, { cause: undefined, beforeHttp: true });
const broken = new Unreachable('EOF', { cause: undefined, beforeHttp: false });
const missing = new RegistryError('manifest unknown', 404, 'MANIFEST_UNKNOWN');
const refused = new RegistryError('denied', 403, 'DENIED');
const bug = new TypeError('a bug');
const tls = nowhere('https: connection refused');
const plain = nowhere('http: connection refused');

/** `M`: a mirror, `O`: an address of the registry's own; with what it gives or throws. */
type Given = readonly [kind: 'M' | 'O', gives: 'here' | Error];

for (const [title, routes, outcome, tried] of [
  ['the only one gives it', [['O', 'here']], 'here', 1],
  [
    'the first mirror gives it',
    [
      ['M', 'here'],
      ['O', 'here'],
    ],
    'here',
    1,
  ],
  [
    'a mirror does not have it',
    [
      ['M', missing],
      ['O', 'here'],
    ],
    'here',
    2,
  ],
  [
    'a mirror refuses',
    [
      ['M', refused],
      ['M', missing],
      ['O', 'here'],
    ],
    'here',
    3,
  ],
  [
    'a mirror does not answer',
    [
      ['M', nowhere('mirror')],
      ['O', 'here'],
    ],
    'here',
    2,
  ],
  [
    'a mirror breaks off',
    [
      ['M', broken],
      ['O', 'here'],
    ],
    'here',
    2,
  ],
  [
    'a mirror brings something else',
    [
      ['M', new Failed('wrong bytes')],
      ['O', 'here'],
    ],
    'here',
    2,
  ],
  [
    'a bug with a mirror stops',
    [
      ['M', bug],
      ['O', 'here'],
    ],
    bug,
    1,
  ],
  [
    'nobody speaks TLS there',
    [
      ['O', tls],
      ['O', 'here'],
    ],
    'here',
    2,
  ],
  [
    'neither way leads anywhere',
    [
      ['O', tls],
      ['O', plain],
    ],
    tls,
    2,
  ],
  [
    'neither way leads anywhere, after a mirror',
    [
      ['M', nowhere('mirror')],
      ['O', tls],
      ['O', plain],
    ],
    tls,
    3,
  ],
  [
    'the registry does not have it',
    [
      ['O', missing],
      ['O', 'here'],
    ],
    missing,
    1,
  ],
  [
    'the registry refuses',
    [
      ['O', refused],
      ['O', 'here'],
    ],
    refused,
    1,
  ],
  [
    'the connection breaks when the registry was spoken to',
    [
      ['O', broken],
      ['O', 'here'],
    ],
    broken,
    1,
  ],
  [
    'the second way has an answer, and it is no',
    [
      ['O', tls],
      ['O', missing],
    ],
    missing,
    2,
  ],
  [
    'the mirror and the registry do not have it',
    [
      ['M', new NotFound('mirror')],
      ['O', missing],
    ],
    missing,
    2,
  ],
  [
    'mirrors alone, none has it',
    [
      ['M', refused],
      ['M', missing],
    ],
    missing,
    2,
  ],
] as const satisfies readonly (readonly [string, readonly Given[], 'here' | Error, number])[])
  test(`${title}: ${outcome === 'here' ? 'it comes' : outcome.message}, after ${tried}`, async () => {
    const asked: number[] = [];
    const passed: unknown[] = [];
    const all = routes.map(([kind, gives], index) => ({ mirror: kind === 'M', gives, index }));
    const attempt = firstRoute(
      all,
      async ({ gives, index }) => {
        asked.push(index);
        if (gives instanceof Error) throw gives;
        return gives;
      },
      (failure) => passed.push(failure),
    );
    if (outcome === 'here') assert.equal(await attempt, 'here');
    else await assert.rejects(attempt, (error) => error === outcome);
    assert.deepEqual(asked, [...Array(tried).keys()]);
    assert.equal(passed.length, tried - 1);
  });

test('without a route there is nobody to ask', async () => {
  await assert.rejects(
    firstRoute([], async () => 1),
    /no registry to ask/,
  );
});
