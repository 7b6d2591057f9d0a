import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writableSize } from './writable-size.ts';

test('a writable layer is as large as its disk unless a size is said, in the units of memory', () => {
  assert.equal(writableSize({}, true), undefined);
  assert.equal(writableSize({ StorageOpt: {} }, false), undefined);
  assert.equal(writableSize({ StorageOpt: { size: '64m' } }, true), 64 << 20);
  assert.equal(writableSize({ StorageOpt: { Size: '1.5 GiB' } }, true), 1.5 * 2 ** 30);
  assert.equal(writableSize({ StorageOpt: { size: '0' } }, true), undefined);
});

test('a size that the storage cannot hold, that is none, or another option is refused', () => {
  const says = (StorageOpt: Record<string, string>, canLimit: boolean, message: RegExp) =>
    assert.throws(() => writableSize({ StorageOpt }, canLimit), { message });
  says(
    { size: '1G' },
    false,
    /^--storage-opt is supported only for overlay over xfs with 'pquota' mount option/,
  );
  says({ size: 'many' }, true, /^invalid size: 'many'/);
  says({ size: '1G', colour: 'red' }, true, /^Unknown option colour$/);
});
