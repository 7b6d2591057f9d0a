/** What containers wrote, read back: whole, from the end, by time, and as it comes. */
import assert from 'node:assert/strict';
import { playScenes, type Scene, type Stage } from './scenes.ts';

const NONE = ['--network', 'none'] as const;
const wrote = async (stage: Stage, name: string, script: string, ...more: readonly string[]) => {
  await stage.quietly(['run', '-d', '--name', name, ...NONE, ...more, 'busybox', 'sh', '-c', script]);
  await stage.quietly(['wait', name]);
};

const scenes: readonly Scene[] = [
  {
    title: 'logs gives both streams, all lines or the last ones',
    async play(stage) {
      await wrote(
        stage,
        'writer',
        'for i in 1 2 3 4 5; do echo "line $i"; done; echo "no end" | tr -d "\\n"',
      );
      const { stdout } = await stage.run(['logs', 'writer']);
      assert.equal(stdout, 'line 1\nline 2\nline 3\nline 4\nline 5\nno end');
      await stage.all(
        'logs --tail 2 writer',
        'logs --tail 0 writer',
        'logs --tail all writer',
        'logs -n 100 writer',
      );
      await stage.all(
        'logs --tail -1 writer',
        'logs --tail many writer',
        'logs -f writer',
        'logs -f --tail 1 writer',
      );
      await wrote(stage, 'both', 'echo out; echo err >&2');
      await stage.all('logs both');
    },
  },
  {
    title: 'long lines, empty lines, carriage returns and bytes that are no text come back as they were',
    async play(stage) {
      await wrote(
        stage,
        'long',
        'head -c 50000 /dev/zero | tr "\\0" x; echo; echo; printf "a\\rb\\n\\377\\376\\001\\n"',
      );
      const { stdout } = await stage.quietly(['logs', 'long']);
      assert.equal(stdout.indexOf('\n'), 50_000);
      stage.see(JSON.stringify(stdout.slice(49_990)));
    },
  },
  {
    title: 'logs -t stamps each line',
    async play(stage) {
      await wrote(stage, 'stamped', 'echo one; echo; echo two');
      const { stdout } = await stage.run(['logs', '-t', 'stamped']);
      assert.match(stdout, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one\n/);
      await stage.all('logs -t --tail 1 stamped');
    },
  },
  {
    title: 'logs --since and --until choose by time',
    async play(stage) {
      await wrote(stage, 'timed', 'echo first; sleep 1.2; echo second; sleep 1.2; echo third');
      const { stdout } = await stage.quietly(['logs', '-t', 'timed']);
      const [first = '', second = '', third = ''] = stdout.split('\n').map((line) => line.split(' ')[0]);
      const ask = async (...argv: readonly string[]) =>
        stage.see(
          `${argv.filter((word) => word.startsWith('--'))}: ${(await stage.quietly(['logs', ...argv, 'timed'])).stdout}`,
        );
      await ask('--since', second);
      await ask('--until', second);
      await ask('--since', first, '--until', second);
      await ask('--since', third, '--tail', '5');
      await ask('--since', '1h');
      await ask('--until', '1h');
      await ask('--since', String(Date.parse(third) / 1000));
      await stage.all('logs --since yesterday timed', 'logs --until 2 timed');
    },
  },
  {
    title: 'logs -f follows until the end, from a time on',
    async play(stage) {
      await stage.quietly([
        'run',
        '-d',
        '-i',
        '--name',
        'told',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        'echo early; while read line; do echo "$line"; [ "$line" = last ] && exit; done',
      ]);
      await stage.until(['logs', 'told'], /early/);
      const all = stage.start(['logs', '-f', 'told']);
      await all.prints(/early/);
      const { stdout: stamp } = await stage.quietly(['logs', '-t', 'told']);
      const after = new Date(Date.parse(stamp.split(' ')[0] ?? '') + 1).toISOString();
      const later = stage.start(['logs', '-f', '--since', after, 'told']);
      const speaker = stage.start(['attach', 'told']);
      speaker.process.stdin?.write('more\n');
      await Promise.all([all.prints(/more/), later.prints(/more/)]);
      speaker.process.stdin?.write('last\n');
      stage.see(`all: ${await all.ended} ${all.stdout}`);
      stage.see(`later: ${await later.ended} ${later.stdout}`);
      assert.equal(later.stdout, 'more\nlast\n');
    },
  },
  {
    title: 'logs -f of a container that is removed ends',
    async play(stage) {
      await stage.quietly([
        'run',
        '-d',
        '--name',
        'gone',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        'echo here; sleep 1000',
      ]);
      const follower = stage.start(['logs', '-f', 'gone']);
      await follower.prints(/here/);
      await stage.all('rm -f gone');
      stage.see(`${await follower.ended}`);
    },
  },
  {
    title: 'restarts append to the log',
    async play(stage) {
      await wrote(stage, 'again', 'echo run');
      await stage.all('start -a again', 'logs again');
      const follower = stage.start(['logs', '-f', '--tail', '0', 'again']);
      stage.see(`${await follower.ended} ${follower.stdout}`);
    },
  },
  {
    title: 'log drivers: none keeps nothing, the others all',
    async play(stage) {
      await wrote(stage, 'silent', 'echo said', '--log-driver', 'none');
      await stage.all('logs silent');
      await wrote(stage, 'filed', 'echo said', '--log-driver', 'json-file', '--log-opt', 'max-size=1m');
      await stage.all('logs filed', 'inspect -f {{.HostConfig.LogConfig}} filed');
      await wrote(stage, 'local', 'echo said', '--log-driver', 'local');
      await stage.all('logs local');
    },
  },
];

playScenes(scenes);
