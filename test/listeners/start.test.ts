/** Starting with mistakes in the files of TLS. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Authority } from './authority.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/gantry');

function directory(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'gantry-start-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}
const rootsIn = (root: string): string[] => [
  ...['--data-root', `${root}/data`, '--exec-root', `${root}/exec`, '--pidfile', `${root}/pid`],
  ...['--bridge', 'none', '-H', `unix://${root}/s`],
];

test('files of TLS that are missing or wrong end the start with one line', (t) => {
  const root = directory(t);
  const { cert, key } = new Authority(join(root, 'pki')).server();
  const start = (...argv: string[]) =>
    spawnSync(PROGRAM, ['daemon', ...rootsIn(root), ...argv], {
      encoding: 'utf8',
      env: { ...process.env, HOME: root },
    });
  for (const [argv, message] of [
    [['--tls'], `tlscert ${root}/.docker/cert.pem: cannot be read (ENOENT)`],
    [['--tls', '--tlscert', cert], `tlskey ${root}/.docker/key.pem: cannot be read (ENOENT)`],
    [
      ['--tlsverify', '--tlscert', cert, '--tlskey', key],
      `tlscacert ${root}/.docker/ca.pem: cannot be read (ENOENT)`,
    ],
    [['--tls', '--tlscert', key, '--tlskey', key], `tlscert ${key}: holds no certificate in PEM form`],
  ] as const) {
    const { status, stderr } = start(...argv);
    assert.deepEqual([status, stderr], [1, `gantry: ${message}\n`]);
  }
  assert.equal(existsSync(`${root}/s`), false);
});
