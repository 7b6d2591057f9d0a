/** From create to removal, as a user of the command line sees it. */
import assert from 'node:assert/strict';
import { playScenes, type Scene } from './scenes.ts';

/** The peer has no bridge. */
const NONE = ['--network', 'none'] as const;
const LOOP = 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done';

const scenes: readonly Scene[] = [
  {
    title: 'run prints both streams and ends with the exit code of its command',
    async play({ run }) {
      const ran = await run([
        'run',
        '--rm',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        'echo out; echo err >&2; exit 3',
      ]);
      assert.deepEqual(ran, { code: 3, stdout: 'out\n', stderr: 'err\n' });
    },
  },
  {
    title: 'run -d, ps, stop, start, restart, kill and rm',
    async play(stage) {
      await stage.run(['run', '-d', '--name', 'one', ...NONE, 'busybox', 'sh', '-c', LOOP]);
      await stage.until(['logs', 'one'], /up/);
      await stage.all(
        'ps',
        'stop one',
        'ps',
        'ps -a',
        'wait one',
        'stop one',
        'start one',
        'start one',
        'ps',
      );
      await stage.all(
        'restart one',
        'ps -a',
        'rm one',
        'kill one',
        'wait one',
        'kill one',
        'ps -a',
        'restart one',
      );
      await stage.all('rm -f one', 'ps -a', 'rm one', 'rm -f one');
    },
    differences: [
      {
        why: 'newer engines say the name that the client used, here too for older versions',
        gantry: [/(running container) one\./, '$1 <1>.'],
      },
    ],
  },
  {
    title: 'create and start -a give the output and the exit code, each time',
    async play(stage) {
      const { stdout } = await stage.run([
        'create',
        '--name',
        'two',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        'echo again; exit 9',
      ]);
      assert.match(stdout, /^[0-9a-f]{64}\n$/);
      await stage.all(
        'ps -a',
        'logs two',
        'start -a two',
        'start -a two',
        'logs two',
        'start two',
        'wait two',
        'logs two',
      );
    },
  },
  {
    title: 'start -i types into a container that was created for it',
    async play(stage) {
      await stage.run(['create', '-i', '--name', 'typed', ...NONE, 'busybox', 'cat']);
      const { stdout } = await stage.run(['start', '-a', '-i', 'typed'], { input: 'first\nsecond\n' });
      assert.equal(stdout, 'first\nsecond\n');
      await stage.all('logs typed', 'wait typed');
    },
  },
  {
    title: 'rename gives another name, and refuses a taken, a bad, its own and an empty one',
    async play(stage) {
      await stage.run(['run', '-d', '--name', 'old', ...NONE, 'busybox', 'sleep', '100']);
      await stage.run(['create', '--name', 'taken', ...NONE, 'busybox', 'true']);
      await stage.all(
        'rename old new',
        'inspect --format {{.Name}} new',
        'inspect old',
        'ps --format {{.Names}}',
      );
      await stage.all(
        'rename new taken',
        'rename new /bad/name',
        'rename new new',
        'rename nobody other',
        'exec new echo alive',
      );
      await stage.run(['rename', 'new', '']);
      await stage.all('rename new /slashed', 'ps --format {{.Names}}');
    },
  },
  {
    title: 'pause and unpause, and what a paused container refuses',
    async play(stage) {
      await stage.run(['run', '-d', '--name', 'still', ...NONE, 'busybox', 'sh', '-c', LOOP]);
      await stage.all(
        'pause still',
        'ps',
        'pause still',
        'exec still true',
        'unpause still',
        'unpause still',
        'ps',
      );
      await stage.all('pause still', 'stop -t 10 still', 'wait still', 'pause still', 'unpause still');
    },
  },
  {
    title: 'removing what runs is refused, by id prefix too; unknown names are named',
    async play(stage) {
      const { stdout } = await stage.run(['run', '-d', '--name', 'kept', ...NONE, 'busybox', 'sleep', '100']);
      await stage.quietly(['rm', stdout.slice(0, 6)]);
      await stage.all(`stop -t 0 ${stdout.slice(0, 12)}`);
      await stage.all(
        'rm kept nobody',
        'start nobody',
        'stop nobody',
        'kill nobody',
        'wait nobody',
        'logs nobody',
      );
      await stage.all(
        'pause nobody',
        'unpause nobody',
        'exec nobody true',
        'attach nobody',
        'inspect nobody',
        'restart nobody',
      );
      await stage.all('port nobody', 'update -m 64m nobody', 'rename nobody no2', 'rmi nobody');
    },
  },
  {
    title: 'a name can be taken once, and must be a name',
    async play(stage) {
      await stage.all(
        'create --name only --network none busybox true',
        'create --name only --network none busybox true',
      );
      await stage.all(
        'run -d --name only --network none busybox true',
        'create --name bad! busybox true',
        'create --name x busybox true',
      );
    },
  },
  {
    title: 'a container that removes itself is gone when its client is',
    async play(stage) {
      await stage.all('run --rm --name brief --network none busybox true', 'ps -a', 'inspect brief');
      await stage.run(['run', '-d', '--rm', '--name', 'briefer', ...NONE, 'busybox', 'sleep', '100']);
      await stage.all('stop -t 0 briefer');
      await stage.until(['ps', '-aq'], /^$/);
    },
  },
  {
    title: 'restart policies start again, as often as they say',
    async play(stage) {
      await stage.run([
        'run',
        '-d',
        '--name',
        'twice',
        '--restart',
        'on-failure:2',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        'echo try; exit 1',
      ]);
      await stage.until(['inspect', '-f', '{{.RestartCount}} {{.State.Status}}', 'twice'], /^2 exited$/m);
      await stage.all(
        'logs twice',
        'inspect -f {{.State.ExitCode}}{{.State.Restarting}}{{.HostConfig.RestartPolicy}} twice',
      );
      await stage.run([
        'run',
        '-d',
        '--name',
        'always',
        '--restart',
        'always',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        LOOP,
      ]);
      await stage.all('stop -t 5 always', 'ps -a --format {{.Names}}', 'inspect -f {{.State.Status}} always');
      await stage.all(
        'create --restart sometimes busybox true',
        'create --restart always:3 busybox true',
        'run --rm --restart always busybox true',
      );
    },
    differences: [
      {
        why: 'the words of newer engines, which name the policy that could have it',
        gantry: [
          /invalid restart policy: maximum retry count can only be used with 'on-failure'/,
          '<retries>',
        ],
        dockerd: [/maximum retry count cannot be used with restart policy 'always'/, '<retries>'],
      },
    ],
  },
  {
    title: 'update changes the restart policy, and the limits of what does not run',
    async play(stage) {
      await stage.run(['create', '--name', 'grows', '-m', '64m', ...NONE, 'busybox', 'true']);
      await stage.all('update -m 96m --memory-swap -1 grows', 'inspect -f {{.HostConfig.Memory}} grows');
      await stage.all('update --restart always grows', 'inspect -f {{.HostConfig.RestartPolicy.Name}} grows');
      await stage.all(
        'update --cpus 0.5 grows',
        'inspect -f {{.HostConfig.NanoCpus}} grows',
        'update -m 1m grows',
      );
      await stage.all('update --cpu-shares 512 grows', 'inspect -f {{.HostConfig.CpuShares}} grows');
    },
  },
];

playScenes(scenes);
