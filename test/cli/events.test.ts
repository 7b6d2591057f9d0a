/** Events as the command line prints them: those that were, those that come, and chosen ones. */
import assert from 'node:assert/strict';
import { playScenes, type Scene } from './scenes.ts';

const NONE = ['--network', 'none'] as const;
/** Whole seconds: what happens in the second that just passed is asked for, and nothing that is still to come. */
const now = () => Math.floor(Date.now() / 1000);
const nextSecond = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 1010 - (Date.now() % 1000)));

const scenes: readonly Scene[] = [
  {
    title: 'events of a life, in order, with their attributes',
    async play(stage) {
      await nextSecond();
      const from = now();
      await stage.quietly([
        'run',
        '-d',
        '--name',
        'lived',
        '--label',
        'tier=web',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        'trap "exit 5" TERM; echo up; while :; do sleep 0.05; done',
      ]);
      await stage.until(['logs', 'lived'], /up/);
      await stage.quietly(['exec', 'lived', 'true']);
      for (const verb of ['pause', 'unpause', 'stop', 'start', 'restart', 'kill'])
        await stage.quietly([verb, 'lived']);
      await stage.quietly(['wait', 'lived']);
      await stage.quietly(['rename', 'lived', 'died']);
      await stage.quietly(['tag', 'busybox', 'tagged:v1']);
      await stage.quietly(['rmi', 'tagged:v1']);
      await stage.quietly(['rm', 'died']);
      await nextSecond();
      const window = ['--since', String(from), '--until', String(now())];
      const events = async (...argv: readonly string[]) =>
        stage.see(`${argv.join(' ')}:\n${(await stage.quietly(['events', ...window, ...argv])).stdout}`);
      await events('--filter', 'type=container', '--filter', 'container=lived');
      await events('--filter', 'type=image');
      for (const filter of ['event=die', 'label=tier=web', 'image=busybox', 'event=nosuch', 'type=volume'])
        await events('--filter', filter, '--filter', 'type=container', '--format', '{{.Action}}.');
      const { stdout } = await stage.quietly([
        'events',
        ...window,
        '--filter',
        'event=die',
        '--format',
        '{{json .}}',
      ]);
      for (const line of stdout.trim().split('\n'))
        stage.see(Object.keys(JSON.parse(line) as object).join(' '));
    },
    differences: [{ why: 'newer engines tell how long it ran', gantry: [/\(execDuration=\d+, /g, '('] }],
  },
  {
    title: 'events are followed as they come',
    async play(stage) {
      const follower = stage.start([
        'events',
        '--filter',
        'type=container',
        '--format',
        '{{.Action}} {{.Actor.Attributes.name}}',
      ]);
      // It has no sign that it listens: make something happen until it says so.
      for (let round = 0; !follower.stdout.includes('destroy probe'); round++) {
        assert(round < 1000, 'events never come');
        await stage.quietly(['create', '--name', 'probe', ...NONE, 'busybox', 'true']);
        await stage.quietly(['rm', 'probe']);
      }
      await stage.quietly(['run', '--rm', '--name', 'brief', ...NONE, 'busybox', 'sh', '-c', 'exit 1']);
      await follower.prints(/destroy brief/);
      stage.see(
        follower.stdout
          .split('\n')
          .filter((line) => line.includes('brief'))
          .join('\n'),
      );
    },
  },
];

playScenes(scenes);
