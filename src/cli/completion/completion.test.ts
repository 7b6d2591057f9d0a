/** Completion: what each shell offers, asked of the shell where it is at hand. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { programOf } from '../main.ts';
import { describe } from './described.ts';
import { completions } from './index.ts';

const described = describe(programOf(() => undefined));
const directory = mkdtempSync(join(tmpdir(), 'gantry-completion-'));
after(() => rmSync(directory, { recursive: true }));

/** What bash offers for the last word; an engine that knows two containers and two images is stood in for. */
function offered(...words: string[]): string[] {
  const file = join(directory, 'bash');
  writeFileSync(file, completions.bash?.(described) ?? '');
  const script = `source ${file}
    gantry() { [ "$*" = 'complete containers' ] && printf 'web\\ndb\\n' || printf 'app:1\\nbusybox:latest\\n'; }
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gantry; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], {
    encoding: 'utf8',
    cwd: '/',
  });
  assert.equal(stderr, '');
  return stdout.split('\n').filter(Boolean).sort();
}

const cases: readonly [string[], string[]][] = [
  [['gantry', 'ins'], ['install']],
  [
    ['gantry', 'make-image', ''],
    ['busybox', 'debian'],
  ],
  [['gantry', 'make-image', 'busybox', 'a'], ['app:1']],
  [['gantry', 'daemon', '--log-level', 'w'], ['warn']],
  [['gantry', 'daemon', '--debug', '=', 't'], ['true']],
  [['gantry', 'daemon', '--config-file', '/etc/passw'], ['/etc/passwd']],
  [['gantry', 'daemon', '--data-root', '/et'], ['/etc']],
  [['gantry', 'completion', 'f'], ['fish']],
  [['gantry', 'ports', 'web', 'd'], ['db']],
  [['gantry', 'ports', '-H', 'unix:///s', 'w'], ['web']],
  [
    ['gantry', 'ports', '-'],
    ['--help', '--host', '-H', '-h'],
  ],
  [['gantry', 'nonsense', ''], []],
];
for (const [words, wanted] of cases)
  test(`bash offers ${wanted.join(', ') || 'nothing'} for ${words.join(' ')}`, () =>
    assert.deepEqual(
      offered(...words).filter((each) => !each.endsWith('-')), // backups beside /etc/passwd
      wanted,
    ));

for (const [shell, make] of Object.entries(completions))
  test(`the script for ${shell} names every command and every option that help shows`, () => {
    const script = make(described);
    for (const { name, options } of described.commands) {
      assert.ok(script.includes(name), name);
      for (const { long } of options)
        assert.ok(script.includes(shell === 'fish' ? `-l ${long.slice(2)} ` : long), `${name} ${long}`);
    }
    assert.ok(!/\bgantry complete\b.*-d/.test(script), 'what only scripts call is not offered');
  });

test('what is quoted for zsh and fish ends where it began', () => {
  const about = "the host's [own] way: C:\\x";
  const option = { short: '-x', long: '--x', argument: '<file>', about, values: { is: 'file' } } as const;
  const command = { name: 'run', about, options: [option], arguments: [], commands: [] };
  const gantry = { ...command, name: 'gantry', commands: [command] };
  assert.ok(completions.zsh?.(gantry).includes("[the host'\\''s \\[own\\] way\\: C\\:\\\\x]:file:_files'"));
  assert.ok(completions.fish?.(gantry).includes("-d 'the host\\'s [own] way: C:\\\\x'\n"));
});
