/** The service on a machine in miniature: a root of its own, and a `systemctl` on the PATH that only notes what it is asked. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Machine } from './machine.ts';
import { planInstall, planUninstall, RECORD, tell, UNITS, unitsFor } from './plan.ts';

const CONTRIB = join(import.meta.dirname, '../../../contrib/systemd');
const contributed = {
  service: readFileSync(join(CONTRIB, 'gantry.service'), 'utf8'),
  socket: readFileSync(join(CONTRIB, 'gantry.socket'), 'utf8'),
};
const PROGRAM = '/opt/gantry/bin/gantry';
const UNIT = `${UNITS}/gantry.service`;

function machine(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'gantry-service-'));
  const path = process.env.PATH;
  t.after(() => {
    process.env.PATH = path;
    rmSync(root, { recursive: true });
  });
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  mkdirSync(join(root, 'run/systemd/system'), { recursive: true });
  write('etc/group', 'root:x:0:\n');
  write('asked', '');
  /** A program that notes what it is asked, and does `script`. */
  const program = (name: string, script: string): void => {
    write(`bin/${name}`, `#!/bin/sh\necho ${name} "$@" >>${root}/asked\n${script}\n`);
    chmodSync(join(root, 'bin', name), 0o755);
  };
  program('systemctl', 'case $1 in is-active | cat) exit 3 ;; esac');
  program('groupadd', `echo docker:x:999: >>${root}/etc/group`);
  program('groupdel', `grep -v ^docker ${root}/etc/group >${root}/g; mv ${root}/g ${root}/etc/group`);
  process.env.PATH = `${root}/bin:${path}`;
  const subject = new Machine(root);
  const asked = (): string[] => {
    const lines = readFileSync(join(root, 'asked'), 'utf8').split('\n').filter(Boolean);
    write('asked', '');
    return lines.filter((line) => line !== 'systemctl cat docker.socket');
  };
  const install = (socket = '/run/docker.sock', from = PROGRAM): void =>
    subject.perform(planInstall(unitsFor(contributed, from, socket), subject.find()), () => undefined);
  const uninstall = (): void => subject.perform(planUninstall(subject.find(), PROGRAM), () => undefined);
  const files = (): string[] => readdirSync(join(root, 'etc'), { recursive: true, encoding: 'utf8' }).sort();
  const text = (file: string): string => readFileSync(join(root, file), 'utf8');
  return { root, subject, write, program, asked, install, uninstall, files, text };
}

test('install writes units that name this installation, makes the group, enables and starts', (t) => {
  const { install, asked, text } = machine(t);
  install();
  assert.match(text(UNIT), /^ExecStart=\/opt\/gantry\/bin\/gantry daemon -H fd:\/\/ \$GANTRY_OPTIONS$/m);
  assert.match(text(`${UNITS}/gantry.socket`), /^ListenStream=\/run\/docker\.sock$/m);
  assert.deepEqual(asked(), [
    'groupadd --system docker',
    'systemctl daemon-reload',
    'systemctl enable --quiet gantry.socket gantry.service',
    'systemctl start gantry.socket gantry.service',
  ]);
});

test('install done twice writes nothing the second time, and restarts nothing', (t) => {
  const { install, asked, subject } = machine(t);
  install();
  asked();
  const again = planInstall(unitsFor(contributed, PROGRAM, '/run/docker.sock'), subject.find());
  assert.deepEqual(again.map(tell), [
    'run systemctl daemon-reload',
    'run systemctl enable --quiet gantry.socket gantry.service',
    'run systemctl start gantry.socket gantry.service',
  ]);
});

test('installed from another place, the units follow and the service starts anew', (t) => {
  const { install, asked, text } = machine(t);
  install();
  asked();
  install('/run/docker.sock', '/srv/gantry/bin/gantry');
  assert.match(text(UNIT), /^ExecStart=\/srv\/gantry\/bin\/gantry /m);
  assert.ok(asked().includes('systemctl stop gantry.service gantry.socket'));
});

test('uninstall takes back exactly what install made', (t) => {
  const { install, uninstall, asked, files, text } = machine(t);
  const before = [...files(), text('etc/group')];
  install();
  asked();
  uninstall();
  assert.deepEqual(
    files()
      .filter((name) => !['systemd', 'systemd/system'].includes(name))
      .concat(text('etc/group')),
    before,
  );
  assert.deepEqual(asked(), [
    'systemctl disable --quiet --now gantry.service gantry.socket',
    'systemctl daemon-reload',
    'groupdel docker',
  ]);
  assert.throws(uninstall, /nothing to take back: there is no \/etc\/gantry\/installed\.json/);
});

test('uninstall keeps what is not its own: settings, a group that was there, a unit that was changed', (t) => {
  const { root, write, install, uninstall, asked, text } = machine(t);
  write('etc/group', 'docker:x:998:\n');
  install();
  write('etc/gantry/daemon.json', '{}');
  write(UNIT, `${text(UNIT)}# mine\n`);
  asked();
  uninstall();
  assert.ok(existsSync(join(root, 'etc/gantry/daemon.json')));
  assert.match(text(UNIT), /# mine/);
  assert.ok(!existsSync(join(root, `${UNITS}/gantry.socket`)) && !existsSync(join(root, RECORD)));
  assert.deepEqual(
    asked().filter((line) => line.startsWith('group')),
    [],
  );
});

test('a group that others came to use is kept', (t) => {
  const { install, uninstall, write, text } = machine(t);
  install();
  write('etc/group', 'docker:x:999:someone\n');
  uninstall();
  assert.equal(text('etc/group'), 'docker:x:999:someone\n');
});

test('an install that broke off is taken back, or done again', (t) => {
  const { install, uninstall, program, files, asked } = machine(t);
  const before = files();
  program('systemctl', 'case $1 in is-active | cat | enable) exit 3 ;; esac');
  assert.throws(() => install(), /systemctl enable/);
  program('systemctl', 'case $1 in is-active | cat) exit 3 ;; esac');
  asked();
  install();
  uninstall();
  assert.deepEqual(
    files().filter((name) => !['systemd', 'systemd/system'].includes(name)),
    before,
  );
});

test('on a socket of its own it stands beside Docker', (t) => {
  const { install, text, program, subject } = machine(t);
  program('systemctl', 'exit 0');
  assert.throws(
    () => subject.refuseBesideDocker('/run/docker.sock'),
    /docker\.socket and docker\.service run/,
  );
  subject.refuseBesideDocker('/run/gantry.sock');
  install('/run/gantry.sock');
  assert.doesNotMatch(text(UNIT) + text(`${UNITS}/gantry.socket`), /Conflicts|Both would listen/);
  assert.match(text(`${UNITS}/gantry.socket`), /^ListenStream=\/run\/gantry\.sock$/m);
});

test('it refuses without root, without systemd, beside the Debian package, over units of somebody else', (t) => {
  const { root, subject, write, install } = machine(t);
  assert.throws(() => subject.refuseUnlessFit(1000), /only root/);
  write('lib/systemd/system/gantry.service', '');
  assert.throws(() => subject.refuseUnlessFit(0), /the Debian package has installed the service/);
  rmSync(join(root, 'run/systemd'), { recursive: true });
  assert.throws(() => subject.refuseUnlessFit(0), /systemd does not run here/);
  write(UNIT, 'somebody wrote this');
  assert.throws(() => install(), /was not made by gantry install/);
  assert.throws(() => unitsFor(contributed, '/a b/gantry', '/run/s'), /\/a b\/gantry: a unit cannot name/);
});
