/** The manual pages: whole, and roff that its readers take without a warning. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { describe } from '../src/cli/completion/described.ts';
import { programOf } from '../src/cli/main.ts';
import { settings } from '../src/daemon/settings.ts';
import { manualOf, roff } from './manual.ts';

const gantry = describe(programOf(() => undefined));
const pages = manualOf(gantry, { version: '1.2.3~rc1', date: '2026-01-31' });

test('text that roff would take for something else is shown as it stands', () => {
  assert.equal(roff(`.x -a 'b' "c" \\d ~^\``), '\\&.x \\-a \\(aqb\\(aq \\(dqc\\(dq \\(rsd \\(ti\\(ha\\(ga');
  assert.equal(roff('a…'), 'a\\[u2026]');
});

for (const { name, text } of pages) {
  test(`${name} is plain ASCII with its sections in order`, () => {
    assert.match(text, /^[\n -~]*$/);
    const sections = [...text.matchAll(/^\.SH (.*)$/gm)].map(([, section]) => section);
    assert.deepEqual(sections.slice(0, 3), ['NAME', 'SYNOPSIS', 'DESCRIPTION']);
    assert.equal(sections.at(-1), 'SEE ALSO');
  });

  // groff-base comes with man; where neither is, the page is only looked at by the tests above.
  test(`groff shows ${name} without a warning`, {
    skip: spawnSync('groff', ['--version']).status !== 0,
  }, () => {
    const { status, stdout, stderr } = spawnSync('groff', ['-ww', '-man', '-Tutf8'], {
      input: text,
      encoding: 'utf8',
    });
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /container engine/);
  });
}

test('gantry.1 has every command, gantry-daemon.8 every flag of the daemon', () => {
  const [user, daemon] = pages.map(({ text }) => text.replaceAll('\\-', '-'));
  for (const { name } of gantry.commands) assert.ok(user?.includes(`.SS "gantry ${name}`), name);
  for (const { flags } of settings) {
    const long = /--[a-z0-9-]+/.exec(flags ?? '--config-file')?.[0] ?? '';
    assert.ok(daemon?.includes(`\\fB${long}\\fR`), long);
  }
});
