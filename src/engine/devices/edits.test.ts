import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { editsOf } from './cdi.ts';

/** Directories with these files in them, in order. */
function directories(t: TestContext, ...all: readonly Readonly<Record<string, string>>[]): string[] {
  const root = mkdtempSync(join(tmpdir(), 'gantry-cdi-'));
  t.after(() => rmSync(root, { recursive: true }));
  return all.map((files, index) => {
    const directory = join(root, String(index));
    mkdirSync(directory, { mode: 0o755 });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    return directory;
  });
}

const json = (name: string, value: string) =>
  JSON.stringify({
    cdiVersion: '0.6.0',
    kind: 'a.b/c',
    containerEdits: { env: ['ALL=1'] },
    devices: [{ name, containerEdits: { env: [`V=${value}`] } }],
  });
const yaml = 'cdiVersion: "0.5.0"\nkind: a.b/y\ndevices:\n- name: d\n  containerEdits:\n    env: [Y=1]\n';
const env = async (from: readonly string[], ...names: readonly string[]) =>
  (await editsOf(from, names)).flatMap((edits) => edits.env ?? []);

test('what all devices of a file need comes once, before what each needs', async (t) => {
  const from = directories(t, { 'x.json': json('one', '1'), 'y.yaml': yaml, 'z.json': json('two', '2') });
  assert.deepEqual(await env(from, 'a.b/c=one', 'a.b/y=d'), ['ALL=1', 'V=1', 'Y=1']);
  assert.deepEqual(await env(from, 'a.b/c=two', 'a.b/c=two'), ['ALL=1', 'V=2', 'V=2']);
  assert.deepEqual(await env(['/not/there']), []);
});

test('the later directory decides; twice in one is an error', async (t) => {
  const from = directories(t, { 'x.json': json('d', '1') }, { 'x.json': json('d', '2') });
  assert.deepEqual(await env(from, 'a.b/c=d'), ['ALL=1', 'V=2']);
  const twice = directories(t, { 'x.json': json('d', '1'), 'y.json': json('d', '2') });
  await assert.rejects(env(twice, 'a.b/c=d'), /a\.b\/c=d is described twice in /);
});

test('what is not there is told with the files that could not be read', async (t) => {
  const from = directories(t, { 'broken.json': '{', 'open.json': json('d', '1'), 'note.txt': '{' });
  chmodSync(join(from[0] ?? '', 'open.json'), 0o622);
  await assert.rejects(
    env([...from, '/not/there'], 'a.b/c=d', 'a.b/c=e'),
    /^InvalidArgument: CDI device injection failed: unresolvable CDI devices a\.b\/c=d, a\.b\/c=e: .*broken\.json: .*open\.json: others/,
  );
  chmodSync(from[0] ?? '', 0o777);
  await assert.rejects(env(from, 'a.b/c=d'), /others than the daemon’s own user may write it/);
});
