import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MS } from '../../linux/index.ts';
import { readDriverOptions, withoutPassword } from './driver-options.ts';

test('no options, and options without a device, are a plain directory', () => {
  assert.equal(readDriverOptions({}), undefined);
  assert.equal(readDriverOptions({ size: '0' }), undefined);
});

for (const [options, expected] of [
  [
    { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,uid=1000,nosuid' },
    { source: 'tmpfs', type: 'tmpfs', flags: MS.NOSUID, propagation: 0, data: 'size=1m,uid=1000' },
  ],
  [
    { type: 'none', device: '/srv', o: 'bind,ro,rslave' },
    { source: '/srv', type: 'none', flags: MS.BIND | MS.RDONLY, propagation: MS.SLAVE | MS.REC, data: '' },
  ],
  [
    { type: 'nfs', device: ':/export', o: 'addr=10.0.0.1,rw,nfsvers=4.2,soft' },
    { source: ':/export', type: 'nfs', flags: 0, propagation: 0, data: 'addr=10.0.0.1,nfsvers=4.2,soft' },
  ],
  [
    { type: 'btrfs', device: '/dev/sda2', o: 'subvol=/a,compress=zstd' },
    { source: '/dev/sda2', type: 'btrfs', flags: 0, propagation: 0, data: 'subvol=/a,compress=zstd' },
  ],
] as const)
  test(`${JSON.stringify(options)} are read into what mount(2) takes`, () => {
    assert.deepEqual(readDriverOptions(options), expected);
  });

for (const [options, why] of [
  [{ foo: 'bar' }, /^invalid option: "foo"$/],
  [{ type: 'tmpfs' }, /^missing required option: "device"$/],
  [{ device: 'tmpfs' }, /^missing required option: "type"$/],
  [{ o: 'ro' }, /^missing required option: "device"$/],
  [{ size: 'foo' }, /^invalid size: 'foo'$/],
  [{ size: '10m' }, /^quota size requested but no quota support$/],
  [{ type: 'none', device: '/srv', o: 'bind,exec=1' }, /not known for type none/],
  [{ type: 'none', device: 'srv', o: 'bind' }, /no absolute path/],
  [{ type: 'tmpfs', device: 'tmpfs', o: 'size=1m,lowerdir=/' }, /"lowerdir" is not known for type tmpfs/],
  [{ type: 'tmpfs', device: 'tmpfs', o: 'remount' }, /"remount" is not known/],
  [{ type: 'nfs', device: ':/x', o: 'addr=a\nb' }, /control character/],
  [{ type: 'ext4', device: '/dev/x\0y' }, /control character/],
  [{ type: 'ext4', device: '/dev/x', o: '$(id)' }, /is not known/],
  [{ type: '../x', device: 'x' }, /names no file system/],
  [{ type: 'cifs', device: '//host:445/share' }, /port not allowed in CIFS/],
  [{ type: 'ext4', device: '/dev/x', o: `a=${'x'.repeat(5000)}` }, /more than 4095 bytes/],
] as const)
  test(`${JSON.stringify(options).slice(0, 80)} are refused`, () => {
    assert.throws(() => readDriverOptions(options), { name: 'InvalidArgument', message: why });
  });

test('a password is not told', () => {
  assert.equal(withoutPassword('user=a,password=b c,vers=3'), 'user=a,password=********,vers=3');
});
