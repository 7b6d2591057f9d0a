import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidArgument } from '../../../base/errors.ts';
import { parseLink } from './parse.ts';

for (const [text, name, alias] of [
  ['db', 'db', 'db'],
  ['/db', 'db', 'db'],
  ['db:store', 'db', 'store'],
  ['/db:/web/store', 'db', 'store'],
  ['db:/web/store', 'db', 'store'],
  ['web/db', 'web/db', 'db'],
  ['db:Store_1.x-y', 'db', 'Store_1.x-y'],
] as const)
  test(`the link ${text} calls ${name} ${alias}`, () => {
    assert.deepEqual(parseLink(text), { name, alias });
  });

for (const text of ['', ':', 'db:', ':x', '/:x', 'a:b:c', 'db:.', 'db:..', 'db:x/', `db:${'x'.repeat(254)}`])
  test(`${JSON.stringify(text.slice(0, 20))} is no link`, () => {
    assert.throws(() => parseLink(text), InvalidArgument);
  });

test('no alias could be more than one word of one line in /etc/hosts, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, alias) => {
      try {
        assert.match(parseLink(`${name}:${alias}`).alias, /^[a-zA-Z0-9_.-]+$/);
      } catch (error) {
        assert(error instanceof InvalidArgument);
      }
    }),
  );
});
