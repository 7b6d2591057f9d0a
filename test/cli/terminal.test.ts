/** At a real terminal: an interactive shell, its size, its keys, leaving it and coming back. */
import assert from 'node:assert/strict';
import type { Size, Terminal } from '../harness/terminal.ts';
import { playScenes, type Scene } from './scenes.ts';

const NONE = ['--network', 'none'] as const;
/** The prompt that the scenes give to busybox's shell. */
const PROMPT = /READY> /;
const SHELL = ['-e', 'PS1=READY> ', ...NONE, 'busybox', 'sh'] as const;
const DETACH = '\x10\x11'; // ctrl-p ctrl-q

/** A client that has just begun does not hear of its window yet: it is told again until the program knows. */
async function growTo(terminal: Terminal, { rows, columns }: Size): Promise<void> {
  for (let tries = 0; tries < 30; tries++) {
    terminal.resize({ rows, columns: columns + 1 });
    terminal.resize({ rows, columns });
    const shown = await terminal.shows(new RegExp(`\\b${rows} ${columns}\r\n`), 2000).catch(() => undefined);
    if (shown) return;
  }
  assert.fail(
    `the program never knew of ${rows} rows and ${columns} columns; it showed:\n${terminal.seen.slice(-500)}`,
  );
}

const scenes: readonly Scene[] = [
  {
    title: 'run -it gives a shell at a terminal of the right size',
    async play(stage) {
      const terminal = stage.terminal(['run', '-it', '--rm', '-h', 'box', ...SHELL], {
        rows: 31,
        columns: 97,
      });
      await terminal.shows(PROMPT);
      for (const line of [
        'tty',
        // Older command lines tell the size when the program runs already.
        'until [ "$(stty size)" = "31 97" ]; do sleep 0.05; done; stty size',
        'echo $TERM',
        'hostname',
        'ls -l /dev/console /dev/tty | cut -c1-10',
      ])
        stage.see(`${line}: ${await terminal.command(line)}`);
      terminal.type('exit 19\r');
      stage.see(`ended with ${await terminal.ended}`);
      assert.equal(await terminal.ended, 19);
    },
  },
  {
    title: 'the terminal grows with its window',
    async play(stage) {
      const script = 'while stty size; do sleep 0.1; done';
      const terminal = stage.terminal([
        'run',
        '-it',
        '--name',
        'window',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        script,
      ]);
      await terminal.shows(/24 80/);
      await growTo(terminal, { rows: 44, columns: 133 });
      await growTo(terminal, { rows: 12, columns: 40 });
      await stage.quietly(['kill', 'window']);
      stage.see(`ended with ${await terminal.ended}`);
    },
  },
  {
    title: 'ctrl-c interrupts what runs, ctrl-d ends the shell',
    async play(stage) {
      const terminal = stage.terminal(['run', '-it', '--name', 'keys', ...SHELL]);
      await terminal.shows(PROMPT);
      terminal.type('sleep 1000\r');
      await terminal.shows(/sleep 1000\r\n/);
      await stage.until(['exec', 'keys', 'ps'], /sleep 1000/);
      terminal.type('\x03');
      await terminal.shows(PROMPT);
      stage.see(await terminal.command('echo code $?'));
      // Before its prompt the shell has the terminal in its lines' mode, where the key is lost.
      await terminal.shows(PROMPT);
      terminal.type('\x04');
      stage.see(`ended with ${await terminal.ended}`);
      await stage.all('inspect -f {{.State.ExitCode}} keys');
    },
  },
  {
    title: 'detach keys leave it running; attach comes back; logs have what was shown',
    async play(stage) {
      const terminal = stage.terminal(['run', '-it', '--name', 'left', ...SHELL]);
      await terminal.shows(PROMPT);
      stage.see(await terminal.command('X=remembered; echo set'));
      terminal.type(DETACH);
      stage.see(`detached with ${await terminal.ended}`);
      await stage.all('ps --format {{.Names}}');
      await stage.until(['logs', 'left'], /^set\r$/m);
      const again = stage.terminal(['attach', 'left']);
      again.type('echo $X\r');
      await again.shows(/remembered\r\n/);
      await again.shows(PROMPT);
      again.type('exit 8\r');
      stage.see(`attached ended with ${await again.ended}`);
      await stage.until(['logs', 'left'], /^set\r\n[\s\S]*^remembered\r\n[\s\S]*exit 8/m);
    },
  },
  {
    title: "detach keys of one's own",
    async play(stage) {
      const terminal = stage.terminal(['run', '-it', '--name', 'own', '--detach-keys', 'ctrl-a,x', ...SHELL]);
      await terminal.shows(PROMPT);
      terminal.type('echo typed\r');
      await terminal.shows(/typed\r\n.*READY> /s);
      terminal.type('\x01x');
      stage.see(`detached with ${await terminal.ended}`);
      await stage.all('ps --format {{.Names}}');
      const attached = stage.terminal(['attach', '--detach-keys', 'ctrl-x', 'own']);
      attached.type('echo back\r');
      await attached.shows(/back\r\n/);
      attached.type('\x18');
      stage.see(`detached again with ${await attached.ended}`);
    },
  },
  {
    title: 'exec -it is a terminal of its own, with its own detach keys',
    async play(stage) {
      await stage.quietly(['run', '-d', '--name', 'inner', ...NONE, 'busybox', 'sleep', '1000']);
      const terminal = stage.terminal(['exec', '-it', '-e', 'PS1=READY> ', 'inner', 'sh'], {
        rows: 17,
        columns: 61,
      });
      await terminal.shows(PROMPT);
      for (const line of ['tty', 'stty size', 'echo $TERM'])
        stage.see(`${line}: ${await terminal.command(line)}`);
      terminal.type('exit 23\r');
      stage.see(`ended with ${await terminal.ended}`);
      const left = stage.terminal(['exec', '-it', '-e', 'PS1=READY> ', 'inner', 'sh']);
      await left.shows(PROMPT);
      left.type(DETACH);
      stage.see(`detached with ${await left.ended}`);
      stage.see(await stage.until(['exec', 'inner', 'sh', '-c', 'ps -o args | grep -cx sh'], /^1$/m));
    },
  },
  {
    title: '-t without -i shows, and stderr comes with stdout',
    async play(stage) {
      await stage.run([
        'run',
        '-t',
        '--name',
        'shown',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        'echo out; echo err >&2; tty',
      ]);
      await stage.all('logs shown');
    },
  },
  {
    title: '-it without a terminal is refused by the client',
    async play(stage) {
      await stage.run(['run', '-it', '--rm', ...NONE, 'busybox', 'true'], { input: '' });
    },
  },
  {
    title: 'a terminal that goes away leaves the container running',
    async play(stage) {
      const terminal = stage.terminal(['run', '-it', '--name', 'orphan', ...SHELL]);
      await terminal.shows(PROMPT);
      terminal.close();
      await terminal.ended;
      await stage.all('ps --format {{.Names}}');
    },
  },
];

playScenes(scenes);
