/**
 * What the walk beside dockerd leaves out, once per version and command line: attach, cp, build, commit, push and pull,
 * events, stats; update, volumes and networks where the version has them. What a user sees of each is checked.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { NEWEST } from '../../src/api/contract/index.ts';
import { ALL_COMMAND_LINES, type CommandLine, commandLines, type Stage, seenOn } from '../cli/scenes.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { type Registry, startRegistry } from '../harness/registry.ts';

const NONE = ['--network', 'none'] as const;
const NEWEST_MINOR = Number(NEWEST.split('.')[1]);
/** Debian's speaks no more than 1.41. */
const DEBIANS_NEWEST = 41;
/** Commits change a configuration since 1.18. */
const CHANGES_FROM = 18;
/** What `npm test` plays: three versions of the time with Debian's command line, the newest with the machine's. */
const OF_THE_TIME: ReadonlySet<number> = new Set([12, 18, 24]);
/** How a command line, or an engine for it, says that a version is too old for it. */
const TOO_OLD = /(client version|API version) \S+ is too old.*/;
/** How today's leaves an engine that takes connections over without saying so, as engines of the first versions did. */
const NO_UPGRADE = /unable to upgrade to tcp, received 200/;

/** Debian's knows no version below 1.12 and refuses none; newer ones are tried there too, and may refuse. */
function minorsFor({ name }: CommandLine): readonly number[] {
  const isDebians = / 20\./.test(name);
  const newest = isDebians ? DEBIANS_NEWEST : NEWEST_MINOR;
  const all = Array.from({ length: newest - 11 }, (_, index) => index + 12);
  if (ALL_COMMAND_LINES) return all;
  return all.filter((minor) => (isDebians ? OF_THE_TIME.has(minor) : minor === NEWEST_MINOR));
}

/** Runs to a good end; what was printed, without the last line's end. */
async function ok(stage: Stage, ...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await stage.run(argv);
  assert.equal(code, 0, `docker ${argv.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
  return stdout.replace(/\n$/, '');
}

async function attaches(stage: Stage): Promise<void> {
  const talks = ['sh', '-c', 'while read line; do echo "got $line"; [ "$line" = end ] && exit 4; done'];
  await ok(stage, 'create', '-i', '--name', 'piped', ...NONE, 'busybox', ...talks);
  await ok(stage, 'start', 'piped');
  const piped = await stage.run(['attach', 'piped'], { input: 'one\nend\n' });
  assert.deepEqual([piped.code, piped.stdout], [4, 'got one\ngot end\n'], piped.stderr);

  await ok(stage, 'run', '-dit', '--name', 'shown', ...NONE, 'busybox', ...talks);
  const leaves = stage.terminal(['attach', 'shown']);
  leaves.type('typed\r');
  await leaves.shows(/got typed\r\n/);
  leaves.type('\x10\x11'); // Ctrl-P Ctrl-Q
  await leaves.ended;
  assert.equal(await ok(stage, 'inspect', '-f', '{{.State.Running}}', 'shown'), 'true');
  const ends = stage.terminal(['attach', 'shown']);
  ends.type('end\r');
  await ends.shows(/got end\r\n/);
  assert.equal(await ends.ended, 4);
}

/** `turning` runs until the scene ends; what follows is about it. */
async function copies(stage: Stage): Promise<void> {
  const script = 'mkdir -p /made/deep; echo inside >/made/deep/file; echo ready; exec sleep 1000';
  await ok(stage, 'run', '-d', '--name', 'turning', ...NONE, 'busybox', 'sh', '-c', script);
  await stage.until(['logs', 'turning'], /ready/);
  const here = stage.directory();
  await ok(stage, 'cp', 'turning:/made', here);
  assert.equal(readFileSync(join(here, 'made/deep/file'), 'utf8'), 'inside\n');
  const missing = await stage.run(['cp', 'turning:/nothing', here]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /nothing/);
}

/** Below 1.20 there was no way into a container. */
async function copiesInto(stage: Stage): Promise<void> {
  const here = stage.directory();
  writeFileSync(join(here, 'carried'), 'carried\n');
  await ok(stage, 'cp', join(here, 'carried'), 'turning:/made/carried');
  assert.equal(await ok(stage, 'exec', 'turning', 'cat', '/made/carried'), 'carried');
}

async function commits(stage: Stage, minor: number): Promise<void> {
  const id = await ok(stage, 'commit', '-m', 'kept', '-a', 'me', '-c', 'ENV KEPT=yes', 'turning', 'kept:v1');
  assert.match(id, /^(sha256:)?[0-9a-f]{64}$/);
  assert.equal(await ok(stage, 'inspect', '-f', '{{.Author}} {{.Comment}}', 'kept:v1'), 'me kept');
  const shown = ['sh', '-c', 'cat /made/deep/file; echo $KEPT'];
  // Engines before knew no such parameter, and heard it not.
  const kept = minor < CHANGES_FROM ? '' : 'yes';
  assert.equal(await ok(stage, 'run', '--rm', ...NONE, 'kept:v1', ...shown), `inside\n${kept}`);
  assert.match(await ok(stage, 'images', 'kept'), /^kept +v1 +[0-9a-f]{12} /m);
}

async function builds(stage: Stage, minor: number): Promise<void> {
  const context = join(stage.directory(), 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'added'), 'added\n');
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nADD added /added\nRUN cat /added >/run-made\n');
  const env = { DOCKER_BUILDKIT: '0' };
  // The command line knows that there was no `--network` before 1.25.
  const argv = ['build', ...(minor < 25 ? [] : NONE), '-t', 'built:v1', context];
  const first = await stage.run(argv, { env });
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.match(first.stdout, /Step [23](\/3)? : RUN cat \/added/);
  assert.match(first.stdout, /Successfully built [0-9a-f]{12}\n/);
  const again = await stage.run(argv, { env });
  assert.equal(again.stdout.match(/Using cache/g)?.length, 2);
  assert.equal(await ok(stage, 'run', '--rm', ...NONE, 'built:v1', 'cat', '/run-made'), 'added');
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nRUN exit 9\n');
  const fails = await stage.run(argv, { env });
  assert.notEqual(fails.code, 0);
  assert.match(fails.stderr, /exit 9.* returned a non-zero code: 9/);
}

async function transfers(stage: Stage, { host }: Registry): Promise<void> {
  const name = `${host}/kept:v1`;
  await ok(stage, 'tag', 'kept:v1', name);
  const pushed = await ok(stage, 'push', name);
  assert.match(pushed, /v1: digest: sha256:[0-9a-f]{64} size: \d+/);
  await ok(stage, 'rmi', name, 'kept:v1');
  assert.notEqual((await stage.run(['inspect', name])).code, 0);
  const pulled = await ok(stage, 'pull', name);
  assert.match(pulled, /Status: Downloaded newer image for /);
  assert.match(await ok(stage, 'pull', name), /Status: Image is up to date for /);
  assert.equal(await ok(stage, 'run', '--rm', ...NONE, name, 'cat', '/made/deep/file'), 'inside');
  const missing = await stage.run(['pull', `${host}/kept:none`]);
  assert.notEqual(missing.code, 0);
  assert.match(missing.stderr, /not found|manifest unknown/);
  await ok(stage, 'rmi', name, 'built:v1');
}

async function watches(stage: Stage, minor: number, since: number): Promise<void> {
  const from = String(since);
  const id = await ok(stage, 'inspect', '-f', '{{.Id}}', 'turning');
  const until = String(Math.floor(Date.now() / 1000) + 1);
  const events = await ok(
    stage,
    'events',
    '--since',
    from,
    '--until',
    until,
    '--filter',
    'container=turning',
  );
  for (const what of ['create', 'start']) assert.match(events, new RegExp(`${what} ${id}|${id}: .*${what}`));
  // Events can be filtered since 1.16.
  if (minor >= 16) assert.doesNotMatch(events, /piped/);
  // Statistics came with 1.17. Which container they are of, old versions did not say.
  if (minor >= 17)
    assert.match(
      await ok(stage, 'stats', '--no-stream', 'turning'),
      /\d+\.\d+% +[\d.]+[KM]iB \/ [\d.]+[KMGT]iB/,
    );
  assert.match(await ok(stage, 'top', 'turning'), /sleep 1000/);
}

async function volumesAndNetworks(stage: Stage): Promise<void> {
  assert.equal(await ok(stage, 'volume', 'create', 'held'), 'held');
  await ok(stage, 'run', '--rm', '-v', 'held:/held', ...NONE, 'busybox', 'sh', '-c', 'echo held >/held/file');
  const reads = ['-v', 'held:/held', ...NONE, 'busybox', 'cat', '/held/file'];
  assert.equal(await ok(stage, 'run', '--rm', ...reads), 'held');
  assert.match(await ok(stage, 'volume', 'ls'), /^local +held$/m);
  assert.equal(await ok(stage, 'volume', 'inspect', '-f', '{{.Name}} {{.Driver}}', 'held'), 'held local');
  assert.equal(await ok(stage, 'volume', 'rm', 'held'), 'held');

  assert.match(await ok(stage, 'network', 'create', '--internal', 'wired'), /^[0-9a-f]{64}$/);
  await ok(stage, 'run', '-d', '--name', 'on', '--network', 'wired', 'busybox', 'sleep', '1000');
  const members = '{{.Name}} {{.Driver}} {{range .Containers}}{{.IPv4Address}}{{end}}';
  assert.match(await ok(stage, 'network', 'inspect', '-f', members, 'wired'), /^wired bridge [\d.]+\/\d+$/);
  assert.match(await ok(stage, 'network', 'ls'), /^[0-9a-f]{12} +wired +bridge/m);
  await ok(stage, 'network', 'disconnect', 'wired', 'on');
  assert.equal(await ok(stage, 'network', 'inspect', '-f', '{{len .Containers}}', 'wired'), '0');
  await ok(stage, 'network', 'connect', 'wired', 'on');
  assert.match(await ok(stage, 'exec', 'on', 'ip', 'address'), /eth\d/);
  await ok(stage, 'rm', '-f', 'on');
  assert.equal(await ok(stage, 'network', 'rm', 'wired'), 'wired');
}

async function updates(stage: Stage): Promise<void> {
  assert.equal(await ok(stage, 'update', '--memory', '64m', '--memory-swap', '64m', 'turning'), 'turning');
  assert.equal(await ok(stage, 'inspect', '-f', '{{.HostConfig.Memory}}', 'turning'), String(64 << 20));
}

const walkAt = (minor: number) => ({
  title: 'commands of their own',
  async play(stage: Stage): Promise<void> {
    const since = Math.floor(Date.now() / 1000);
    await attaches(stage);
    await copies(stage);
    if (minor >= 20) await copiesInto(stage);
    await commits(stage, minor);
    await builds(stage, minor);
    await transfers(stage, registry);
    await watches(stage, minor, since);
    if (minor >= 21) await volumesAndNetworks(stage);
    if (minor >= 22) await updates(stage);
  },
});

let gantry: Gantry;
let registry: Registry;
const ends: (() => Promise<void> | void)[] = [];
const scope = { after: (end: () => Promise<void> | void) => void ends.push(end) };
before(async () => {
  [gantry, registry] = await Promise.all([startGantry(scope), startRegistry(scope)]);
});
after(() => Promise.all(ends.map((end) => end())));

for (const cli of commandLines())
  for (const minor of minorsFor(cli))
    test(`${cli.name} does each of its commands at v1.${minor}`, async (t) => {
      // A hijack is answered with an upgrade since 1.17: from there on nobody may complain of it.
      const asked = await gantry.docker(minor < 17 ? ['run', '--rm', ...NONE, 'busybox', 'true'] : ['ps'], {
        cli: cli.path,
        version: `1.${minor}`,
      });
      const refused = (TOO_OLD.exec(asked.stderr) ??
        (minor < 17 ? NO_UPGRADE.exec(asked.stderr) : null))?.[0];
      if (refused === undefined) await seenOn(gantry, cli, walkAt(minor), { version: `1.${minor}` });
      else t.skip(`${cli.name}: ${refused}`);
    });
