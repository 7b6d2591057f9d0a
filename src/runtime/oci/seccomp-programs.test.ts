import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SeccompPrograms } from './seccomp-programs.ts';

const specWith = (seccomp: object | undefined) => ({
  annotations: { a: '1' },
  linux: { ...(seccomp ? { seccomp } : {}), sysctl: {} },
});

test('a profile is compiled once and handed over ready from then on, other profiles apart from it', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-bpf-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'seccomp.bpf');
  writeFileSync(file, Buffer.alloc(16, 7));
  const programs = new SeccompPrograms();
  const first = programs.prepare(specWith({ defaultAction: 'X' }));
  assert.deepEqual(first.spec, specWith({ defaultAction: 'X' }));
  first.learn?.(file);
  const second = programs.prepare(specWith({ defaultAction: 'X' }));
  assert.deepEqual(second.spec, {
    annotations: { a: '1', 'run.oci.seccomp_bpf_data': Buffer.alloc(16, 7).toString('base64') },
    linux: { sysctl: {} },
  });
  assert.equal(second.learn, undefined);
  assert.deepEqual(programs.prepare(specWith({ defaultAction: 'Y' })).spec, specWith({ defaultAction: 'Y' }));
  assert.deepEqual(programs.prepare(specWith(undefined)), { spec: specWith(undefined), learn: undefined });
});

test('a missing, torn or oversized program is not taken', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-bpf-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const programs = new SeccompPrograms();
  for (const bytes of [undefined, 0, 15, 4097 * 8]) {
    const file = join(directory, `p${bytes}`);
    if (bytes !== undefined) writeFileSync(file, Buffer.alloc(bytes));
    programs.prepare(specWith({ defaultAction: 'Z' })).learn?.(file);
    assert.ok(programs.prepare(specWith({ defaultAction: 'Z' })).learn, `${bytes} bytes`);
  }
});
