import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

interface Locked {
  readonly version: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8')) as {
  packages: Record<string, Locked>;
};

const isFor = ({ os, cpu }: Locked, wanted: string): boolean =>
  os?.includes('linux') === true && cpu?.includes(wanted) === true;

test('each dependency with code of a processor is there for arm64 as for x86-64, in the same version', () => {
  const built = Object.entries(packages).filter(([path, each]) => path !== '' && isFor(each, 'x64'));
  assert.ok(built.length > 4, 'Node.js, koffi, esbuild and others have code of their own');
  const names = built.map(([path]) => path.replace('x64', 'arm64'));
  for (const [index, name] of names.entries()) {
    const twin = packages[name];
    assert.ok(twin !== undefined && isFor(twin, 'arm64'), `${built[index]?.[0]} has no twin for arm64`);
    assert.equal(twin.version, built[index]?.[1].version, name);
  }
});
