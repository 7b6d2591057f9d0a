/**
 * The same walk through every version of the API that a command line can be told to speak, by DOCKER_API_VERSION:
 * Debian's from 1.12 on, the machine's from 1.24 on, the oldest that its makers still support. Where Debian's
 * dockerd speaks the version too, some are compared with it.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { NEWEST } from '../../src/api/contract/index.ts';
import {
  ALL_COMMAND_LINES,
  assertSame,
  type CommandLine,
  commandLines,
  type Difference,
  type Scene,
  type Stage,
  seenOn,
} from '../cli/scenes.ts';
import { type Dockerd, startDockerd } from '../harness/dockerd.ts';
import { fileScope } from '../harness/file-scope.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';

const NONE = ['--network', 'none'] as const;
const NEWEST_MINOR = Number(NEWEST.split('.')[1]);
/** Of what Debian's dockerd speaks, some: each costs it seconds. */
const COMPARED: ReadonlySet<number> = new Set([12, 18, 21, 24, 30, 41]);

/** 20.10 speaks 1.41 of itself, and is told the newest to see what becomes of one who claims too much. */
function* minorsFor(cli: string): Generator<number> {
  const [oldest, newest] = / 20\./.test(cli) ? [12, 41] : [24, NEWEST_MINOR];
  for (let minor = oldest; minor <= newest; minor++) yield minor;
  if (newest < NEWEST_MINOR) yield NEWEST_MINOR;
}

/** What several of `lines` speak, and is not compared, one of them walks through in turn; `npm run scenes` plays all. */
function isWalked(minor: number, cli: CommandLine, lines: readonly CommandLine[]): boolean {
  const speaking = lines.filter(({ name }) => [...minorsFor(name)].includes(minor));
  return ALL_COMMAND_LINES || COMPARED.has(minor) || speaking[minor % speaking.length] === cli;
}

/** A command in the list of containers, in the quotes of the command line. */
const LISTED_COMMAND = /"(?:\\.|[^"\\])*"(?= {3}<age> ago)/g;

/** Debian's dockerd answers every version in the words of 1.41; Gantry as the engines of the version's own time. */
function differencesAt(minor: number): readonly Difference[] {
  const running = /(Impossible to remove|(Conflict, )?You cannot remove) a running container.*/;
  return [
    {
      why: 'each time had its own words for it',
      gantry: [running, '<running>'],
      dockerd: [running, '<running>'],
    },
    ...(minor >= 18 && minor < 22
      ? [
          {
            why: 'the words of 1.18 to 1.21',
            gantry: [/no such id: nobody/, 'No such container: nobody'],
          } as const,
        ]
      : []),
    ...(minor < 19
      ? [
          {
            why: 'info told numbers where this command line, which asks for it, expects booleans',
            gantry: [/! Error reading remote info: .*\n/, ''],
          } as const,
          {
            why: 'daemons put quotes around the command, and this command line does too',
            gantry: [LISTED_COMMAND, '<command>'],
            dockerd: [LISTED_COMMAND, '<command>'],
          } as const,
        ]
      : []),
    ...(minor < 18
      ? [
          {
            why: 'lists named the image of a container with its tag',
            gantry: [/ {3}busybox:latest {3}/g, '   busybox   '],
          } as const,
        ]
      : []),
    ...(minor < 13
      ? [{ why: 'logs had no tail before 1.13', gantry: [/(logs --tail 1 walked\n)up\n/, '$1'] } as const]
      : []),
  ];
}

async function streams(stage: Stage): Promise<void> {
  const ran = await stage.run([
    'run',
    '--rm',
    ...NONE,
    'busybox',
    'sh',
    '-c',
    'echo out; echo err >&2; exit 3',
  ]);
  assert.equal(ran.stdout, 'out\n');
  // Behind it the command line may tell of requests of its own that it cancelled.
  assert.match(ran.stderr, /^err\n/);
  assert.equal(ran.code, 3);
  const piped = await stage.run(['run', '--rm', '-i', ...NONE, 'busybox', 'cat'], { input: 'through\n' });
  assert.deepEqual([piped.code, piped.stdout], [0, 'through\n']);
  const script = 'until stty size | grep "24 80"; do sleep 0.05; done; read line; echo "got $line"; exit 6';
  const terminal = stage.terminal(['run', '-it', '--rm', ...NONE, 'busybox', 'sh', '-c', script]);
  await terminal.shows(/24 80/);
  terminal.type('typed\r');
  await terminal.shows(/got typed/);
  assert.equal(await terminal.ended, 6);
}

async function life(stage: Stage): Promise<void> {
  const script = 'trap "exit 5" TERM; echo up; echo more; while :; do sleep 0.05; done';
  await stage.run(['run', '-d', '--name', 'walked', '-e', 'X=1', ...NONE, 'busybox', 'sh', '-c', script]);
  await stage.until(['logs', 'walked'], /more/);
  await stage.all('ps --no-trunc', 'logs walked', 'logs --tail 1 walked');
  await stage.run([
    'inspect',
    '-f',
    '{{.Id}} {{.Name}} {{.State.Running}} {{.Config.Image}} {{.Config.Env}} {{.Path}} {{.Args}}',
    'walked',
  ]);
  const exec = await stage.run(['exec', 'walked', 'sh', '-c', 'echo $X; echo bad >&2; exit 7']);
  assert.deepEqual(exec, { code: 7, stdout: '1\n', stderr: 'bad\n' });
  await stage.all(
    'rename walked renamed',
    'pause renamed',
    'ps',
    'unpause renamed',
    'stop renamed',
    'wait renamed',
    'ps -a',
  );
  await stage.all('start renamed', 'rm renamed', 'kill renamed', 'start nobody', 'rm renamed', 'ps -aq');
  await stage.run(['create', '--name', 'twice', ...NONE, 'busybox', 'sh', '-c', 'echo again; exit 2']);
  assert.equal((await stage.run(['start', '-a', 'twice'])).code, 2);
  await stage.all('start -a twice', 'logs twice', 'inspect -f {{.State.ExitCode}} twice', 'rm twice');
}

async function images(stage: Stage): Promise<void> {
  await stage.all(
    'images',
    'images -q',
    'tag busybox walk:v1',
    'history -q walk:v1',
    'inspect -f {{.Os}} walk:v1',
    'rmi walk:v1',
  );
  await stage.all('inspect walk:v1', 'version --format {{.Client.APIVersion}}');
}

const walk: Scene = {
  title: 'walk',
  async play(stage) {
    await streams(stage);
    await life(stage);
    await images(stage);
  },
};

let gantry: Gantry;
let dockerd: Dockerd | string;
const scope = fileScope();
before(async () => {
  [gantry, dockerd] = await Promise.all([startGantry(scope), startDockerd(scope)]);
});

const lines = commandLines();
for (const cli of lines)
  for (const minor of [...minorsFor(cli.name)].filter((each) => isWalked(each, cli, lines)))
    test(`${cli.name} walks through v1.${minor}`, async (t) => {
      const compared = COMPARED.has(minor) && typeof dockerd !== 'string';
      if (COMPARED.has(minor) && !compared) t.diagnostic(`not compared: ${dockerd}`);
      const playing = [
        seenOn(gantry, cli, walk, { version: `1.${minor}` }),
        compared ? seenOn(dockerd as Dockerd, cli, walk, { version: `1.${minor}` }) : undefined,
      ] as const;
      await Promise.allSettled(playing);
      const [ours, theirs] = await Promise.all(playing);
      if (theirs !== undefined) assertSame(ours, theirs, differencesAt(minor));
    });
