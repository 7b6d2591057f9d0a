/** Disks that have no room for names, cannot be written to, or stand still, below a data root. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Gantry, type Scope, startGantry } from '../harness/gantry.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/gantry');

/** A file system of the test's own, unmounted at its end: behind the engine's, which is to end first. */
function disk(t: Scope, make: (path: string) => void): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-disk-'));
  make(path);
  t.after(async () => {
    execFileSync('umount', [path]);
    rmdirSync(path);
  });
  return path;
}

const tmpfs = (options: string) => (path: string) =>
  void execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'gantry-test', path]);

/** Everything that is to be done at a test's end, in reverse. */
async function inOrder(work: (scope: Scope) => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  await work({ after: (end) => stack.defer(end) });
}

const running = (name: string): string[] => ['run', '-d', '--name', name, '--network', 'none', 'busybox'];

test('RC-D03: without room for one more file a create is refused and leaves nothing, and what is there is ended and removed', () =>
  inOrder(async (scope) => {
    const root = disk(scope, tmpfs('size=64m,nr_inodes=600,mode=0710'));
    const gantry = await startGantry(scope, { args: ['--data-root', root] });
    await gantry.dockerOk(...running('one'), 'sleep', '1000');
    await gantry.dockerOk('volume', 'create', 'unused');
    mkdirSync(join(root, 'filler'));
    assert.throws(() => {
      for (let n = 0; ; n++) writeFileSync(join(root, 'filler', String(n)), '');
    }, /ENOSPC/);
    const refused = await gantry.docker(['create', '--name', 'two', '--network', 'none', 'busybox', 'true']);
    assert.match(refused.stderr, /ENOSPC|no space left/);
    assert.equal(await gantry.dockerOk('ps', '-a', '--format', '{{.Names}}'), 'one');
    await gantry.dockerOk('stop', '-t', '0', 'one');
    await gantry.dockerOk('rm', 'one');
    await gantry.dockerOk('volume', 'rm', 'unused');
    rmSync(join(root, 'filler'), { recursive: true });
    await gantry.dockerOk(...running('two'), 'sleep', '1000');
  }));

test('RC-D05: on a data root that cannot be written to the daemon says so, says how to mend it, and ends', (t: TestContext) =>
  inOrder(async (scope) => {
    const root = disk(scope, tmpfs('size=8m,ro'));
    const own = mkdtempSync(join(tmpdir(), 'gantry-refused-'));
    scope.after(async () => rmSync(own, { recursive: true }));
    const argv = ['daemon', '-H', `unix://${own}/socket`, '--data-root', join(root, 'data')];
    for (const at of ['data', '']) {
      argv[argv.length - 1] = join(root, at);
      const { status, stderr } = spawnSync(
        PROGRAM,
        [...argv, '--exec-root', `${own}/exec`, '--pidfile', `${own}/pid`],
        { encoding: 'utf8', timeout: 60_000 },
      );
      t.diagnostic(stderr.trim());
      assert.equal(status, 1, stderr);
      assert.match(
        stderr,
        /^gantry: this host cannot run the engine:\n.*data root .*\(tmpfs, ro\)\n +mend: /s,
      );
      assert.doesNotMatch(stderr, /^ +at /m);
    }
  }));

/** An ext4 on a loop device, and mounting it anew; undefined: this machine has none. */
function loopDisk(scope: Scope): { readonly root: string; again(): void } | undefined {
  const image = join(mkdtempSync(join(tmpdir(), 'gantry-image-')), 'disk');
  scope.after(async () => rmSync(join(image, '..'), { recursive: true }));
  execFileSync('truncate', ['-s', '96M', image]);
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
  const mount = (path: string) => void execFileSync('mount', ['-o', 'loop', image, path], { stdio: 'pipe' });
  try {
    const root = disk(scope, mount);
    return {
      root,
      again() {
        execFileSync('umount', [root]);
        mount(root);
      },
    };
  } catch {
    return undefined;
  }
}

test('RC-D06: a disk that can be read only, all of a sudden, stops no container: they are listed, read, stopped and killed', (t: TestContext) =>
  inOrder(async (scope) => {
    const found = loopDisk(scope);
    if (found === undefined) return t.skip('no loop devices here');
    const { root } = found;
    const gantry = new Gantry({ args: ['--data-root', root] });
    scope.after(() => gantry.end());
    await gantry.start();
    await gantry.loadBusybox();
    await gantry.dockerOk(
      ...running('one'),
      'sh',
      '-c',
      'echo said; trap "exit 7" TERM; while :; do sleep 0.05; done',
    );
    await gantry.dockerOk(...running('two'), 'sleep', '1000');
    // As the kernel does it after an error of the disk.
    execFileSync('mount', ['-o', 'remount,abort', root]);
    assert.equal(await gantry.dockerOk('logs', 'one'), 'said');
    await gantry.dockerOk('stop', '-t', '5', 'one');
    await gantry.dockerOk('kill', 'two');
    const states = ['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'one', 'two'];
    assert.equal(await gantry.dockerOk(...states), 'exited 7\nexited 137');
    const refused = await gantry.docker(['volume', 'create', 'new']);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /read-?only|EROFS|I\/O error|EIO/i);
    // An operator has mended the disk.
    await gantry.kill9();
    found.again();
    await gantry.start();
    assert.equal((await gantry.dockerOk('ps', '-aq')).split('\n').length, 2);
  }));

test('RC-D09: a data root may be called as a directory may be called, but where overlays cannot say it the daemon does not begin', () =>
  inOrder(async (scope) => {
    const home = disk(scope, tmpfs('size=64m,mode=0710'));
    const root = join(home, `a b e=f "g" ${'h'.repeat(150)}`);
    mkdirSync(root);
    const gantry = await startGantry(scope, { args: ['--data-root', root] });
    const run = ['run', '--name', 'one', '--network', 'none', '-v', 'data:/data', 'busybox'];
    await gantry.dockerOk(...run, 'sh', '-c', 'echo written >/data/file; cat /data/file; echo mine >/mine');
    assert.equal(await gantry.dockerOk('logs', 'one'), 'written');
    assert.match(await gantry.dockerOk('diff', 'one'), /A \/mine/);
    await gantry.dockerOk('commit', 'one', 'made');
    await gantry.restart();
    assert.equal(await gantry.dockerOk('run', '--rm', '--network', 'none', 'made', 'cat', '/mine'), 'mine');
    // Options of an overlay cannot say these: the daemon does not begin.
    for (const name of ['with,comma', 'with:colon', 'with\\backslash']) {
      const own = join(gantry.root, name);
      const rest = ['--exec-root', `${own}/exec`, '--pidfile', `${own}/pid`];
      const argv = ['daemon', '-H', `unix://${own}/socket`, '--data-root', own, ...rest];
      const { status, stderr } = spawnSync(PROGRAM, argv, { encoding: 'utf8', timeout: 60_000 });
      assert.equal(status, 1, stderr);
      assert.match(stderr, /^gantry: [^\n]*has a comma, a colon or a backslash[^\n]*\n$/);
    }
  }));
