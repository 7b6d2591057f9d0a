import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDeviceSpec } from './cdi-spec.ts';

const spec = (edits: object, more: object = {}) => ({
  cdiVersion: '0.6.0',
  kind: 'a.b/c',
  devices: [{ name: 'd', containerEdits: edits }],
  ...more,
});

test('devices are known by kind and name', () => {
  const { devices, edits } = readDeviceSpec(spec({ env: ['A=b'] }, { containerEdits: { env: ['C=d'] } }));
  assert.deepEqual(devices.get('a.b/c=d')?.env, ['A=b']);
  assert.deepEqual(edits.env, ['C=d']);
});

for (const [document, why] of [
  [spec({}, { cdiVersion: '9.0.0' }), /unknown cdiVersion/],
  [spec({}, { kind: 'c' }), /invalid kind/],
  [spec({}, { kind: '../x/c' }), /invalid kind/],
  [spec({}, { devices: [{ name: 'a/b' }] }), /invalid device name/],
  [spec({ intelRdt: {} }), /containerEdits.intelRdt is not supported/],
  [spec({ deviceNodes: [{ path: 'dev/x' }] }), /not an absolute path/],
  [spec({ deviceNodes: [{ path: '/dev/../x' }] }), /not an absolute path/],
  [spec({ deviceNodes: [{ path: '/dev/x', permissions: 'all' }] }), /unknown permissions/],
  [spec({ deviceNodes: [{ path: '/dev/x', type: 'z' }] }), /unknown type/],
  [spec({ mounts: [{ hostPath: 'x', containerPath: '/x' }] }), /not an absolute path/],
  [spec({ env: ['=x'] }), /invalid environment variable/],
  [spec({ hooks: [{ hookName: 'poststop', path: '/x' }] }), /hook poststop is not supported/],
  [[], /./],
] as const)
  test(`a specification is refused: ${why}`, () => {
    assert.throws(() => readDeviceSpec(document), why);
  });
