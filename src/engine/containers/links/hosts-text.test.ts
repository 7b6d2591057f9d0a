import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withAddress, withoutLink } from './hosts-text.ts';

const FILE = [
  '127.0.0.1\tlocalhost',
  '172.17.0.2\tdb 0123456789ab store',
  'fd00::2\tdb 0123456789ab store',
  '172.17.0.2\tdbx 0123456789ab store',
  '10.0.0.1\tdb',
  '10.0.0.1 db mine',
  '# 172.17.0.2\tdb mine too',
  '172.17.0.3\tabcdef012345',
  '',
].join('\n');

test('a link’s line has the new address of its family; lines of others, and what was written by hand, stay', () => {
  assert.equal(
    withAddress(FILE, 'db', '172.17.0.9'),
    FILE.replace('172.17.0.2\tdb 0123456789ab', '172.17.0.9\tdb 0123456789ab'),
  );
  assert.equal(withAddress(FILE, 'db', 'fd00::9'), FILE.replace('fd00::2', 'fd00::9'));
  assert.equal(withAddress(FILE, 'd.', '1.1.1.1'), FILE);
});

test('a link that is gone takes its lines with it', () => {
  assert.equal(
    withoutLink(FILE, 'db'),
    FILE.split('\n')
      .filter((line) => !/^[\da-f.:]+\tdb 0/.test(line))
      .join('\n'),
  );
  assert.equal(withoutLink('1.2.3.4\tdb x', 'db'), '');
});

const alias = fc.stringMatching(/^[a-zA-Z0-9_.-]{1,8}$/);
const address = fc.ipV4();

test('whatever else is in the file stays, byte for byte, and telling an address again changes nothing', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ''))),
      alias,
      address,
      address,
      (lines, name, first, second) => {
        const others = lines.filter((line) => !line.includes(`\t${name} `)).map((line) => `${line}\n`);
        const at = others.length >> 1;
        const text = others.toSpliced(at, 0, `${first}\t${name} host\n`).join('');
        const moved = withAddress(text, name, second);
        assert.equal(moved, others.toSpliced(at, 0, `${second}\t${name} host\n`).join(''));
        assert.equal(withAddress(moved, name, second), moved);
        assert.equal(withoutLink(moved, name), others.join(''));
      },
    ),
  );
});
