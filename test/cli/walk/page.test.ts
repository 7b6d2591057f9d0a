/** How help is read, which flags a line uses, and what the page says of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Played } from '../record.ts';
import { commandsOf, parseHelp, usedBy } from './help.ts';
import { judge, pageOf } from './page.ts';

const TOP = `Usage:  docker [OPTIONS] COMMAND

Common Commands:
  run         Create and run a new container from an image

Management Commands:
  container   Manage containers

Swarm Commands:
  swarm       Manage Swarm

Global Options:
  -H, --host list          Daemon socket to connect to
      --tls                Use TLS; implied by
                           --tlsverify
`;
const RUN = `Usage:  docker container run [OPTIONS] IMAGE

Aliases:
  docker container run, docker run

Options:
  -i, --interactive        Keep STDIN open
  -m, --memory bytes       Memory limit
  -t, --tty                Allocate a pseudo-TTY
`;
const CONTAINER = 'Usage:  docker container COMMAND\n\nCommands:\n  run    Create and run\n';
const HELP: Readonly<Record<string, string>> = {
  '': TOP,
  run: RUN,
  container: CONTAINER,
  'container run': RUN,
};
const commands = commandsOf((words) => HELP[words.join(' ')] ?? assert.fail(`asked for ${words.join(' ')}`));

const played = (lines: string[], more: Partial<Played> = {}): Played => ({
  title: 'a scene',
  cli: 'docker 28.2',
  beside: 'dockerd 26.1',
  lines: lines.map((line) => ({ argv: line.split(' '), failed: line.endsWith(' nosuch') })),
  different: [],
  ...more,
});

test('a command is found once, under the first of its names, without those of swarm', () => {
  assert.deepEqual(
    commands.map(({ name, aliases, flags }) => [name, aliases, flags.length]),
    [
      ['', [], 2],
      ['container run', ['run'], 3],
    ],
  );
});

test('flags have their short names, and whether a word follows', () => {
  assert.deepEqual(parseHelp(RUN).flags, [
    { name: '--interactive', short: '-i', takes: false },
    { name: '--memory', short: '-m', takes: true },
    { name: '--tty', short: '-t', takes: false },
  ]);
});

test('a line uses the flags before its program, however they are written', () => {
  const uses = (line: string) => usedBy(line.split(' '), commands)?.flags;
  assert.deepEqual(uses('run -it -m 5m busybox --memory'), ['--interactive', '--tty', '--memory']);
  assert.deepEqual(uses('container run --memory=5m -- busybox -t'), ['--memory']);
  assert.deepEqual(uses('run -itm5m busybox'), ['--interactive', '--tty', '--memory']);
  assert.deepEqual(usedBy(['-H', 'x', 'run', 'busybox'], commands)?.before, ['--host']);
  assert.equal(uses('swarm init'), undefined);
});

test('what fails in each play is told to be refused by both; what succeeded once is not', () => {
  const { rows } = judge(commands, [played(['run -it nosuch', 'run -i busybox'])], {
    notServed: {},
    elsewhere: {},
  });
  const whys = rows.filter(({ is }) => is === 'same').map(({ flag, why }) => `${flag}: ${why}`);
  assert.deepEqual(whys, [': ', '--interactive: ', '--tty: both refuse it in the same words']);
});

test('each row says what became of it; what nobody plays, and reasons for nothing, are wrong', () => {
  const { rows, wrong } = judge(
    commands,
    [
      played(['run -it busybox']),
      played(['run -t busybox'], { different: [{ about: ['container run --tty'], why: 'because' }] }),
      played(['-H x run busybox'], { beside: { alone: 'it is new' } }),
    ],
    { notServed: { 'container run --nosuch': 'no' }, elsewhere: { '--tls': 'in another test' } },
  );
  assert.deepEqual(
    rows.map(({ command, flag, is, why }) => `${command} ${flag}: ${is} ${why}`.trim()),
    [
      '--host: alone it is new',
      '--tls: alone in another test',
      'container run : same',
      'container run --interactive: same',
      'container run --memory: not played',
      'container run --tty: different because',
    ],
  );
  assert.deepEqual(wrong, [
    'nobody plays: container run --memory',
    'a reason that explains nothing: container run --nosuch',
  ]);
  const page = pageOf(rows, commands, 'docker 28.2', ['dockerd 26.1']);
  assert.match(
    page,
    /docker 28\.2 beside dockerd 26\.1: 6 rows, 2 same, 1 different, 2 alone, 0 not served, 1 not played\./,
  );
  assert.match(page, /## docker container run \(also `run`\)\n\n.*\n.*\n\| by itself \| same \| {2}\|/);
});
