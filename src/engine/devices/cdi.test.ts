/** Which devices files describe. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describedDevices } from './cdi.ts';

test('devices of JSON and of YAML are named once each; what cannot be read describes none', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-cdi-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const spec = { cdiVersion: '0.6.0', kind: 'example.org/box' };
  const device = (name: string) => ({ name, containerEdits: { env: [`NAME=${name}`] } });
  writeFileSync(
    join(directory, 'a.json'),
    JSON.stringify({ ...spec, devices: [device('two'), device('one')] }),
  );
  writeFileSync(
    join(directory, 'b.yaml'),
    'cdiVersion: 0.6.0\nkind: example.org/box\ndevices:\n- name: one\n  containerEdits: {env: [A=b]}\n',
  );
  writeFileSync(join(directory, 'c.json'), '{');
  assert.deepEqual(await describedDevices([directory, join(directory, 'none')]), [
    'example.org/box=one',
    'example.org/box=two',
  ]);
});
