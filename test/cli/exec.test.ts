/** Further processes in a running container, and conversations with its first one. */
import assert from 'node:assert/strict';
import { type Difference, playScenes, type Scene, type Stage } from './scenes.ts';

const NONE = ['--network', 'none'] as const;

const running = (stage: Stage, name: string, ...more: readonly string[]) =>
  stage.quietly(['run', '-d', '--name', name, ...NONE, ...more, 'busybox', 'sleep', '1000']);

/** The runtimes are crun and runc: each has its own words around those that clients search for. */
const refusedInOtherWords = (): readonly Difference[] => {
  const words = /OCI runtime exec failed: .*(executable file not found|permission denied|no such file).*/g;
  return [{ why: 'crun here, runc there', gantry: [words, '<$1>'], dockerd: [words, '<$1>'] }];
};

const scenes: readonly Scene[] = [
  {
    title: 'exec gives streams, exit code, user, directory and environment',
    async play(stage) {
      await running(stage, 'home', '-e', 'OWN=1', '-w', '/tmp');
      const ran = await stage.run(['exec', 'home', 'sh', '-c', 'echo out; echo err >&2; exit 42']);
      assert.deepEqual(ran, { code: 42, stdout: 'out\n', stderr: 'err\n' });
      await stage.all(
        'exec home pwd',
        'exec -w /etc home pwd',
        'exec -e MORE=2 -e OWN=3 home env',
        'exec home id',
      );
      await stage.all(
        'exec -u 1000:1000 home id',
        'exec -u nobody home id',
        'exec -u nosuch home id',
        'exec -u 7 home id',
      );
      await stage.all('exec home grep Cap /proc/self/status');
      await stage.all(
        'exec home nosuchprogram',
        'exec home /etc/passwd',
        'exec home /etc',
        'exec -w /nowhere home pwd',
      );
    },
    differences: refusedInOtherWords(),
  },
  {
    title: 'exec -i reads stdin to its end',
    async play(stage) {
      await running(stage, 'reader');
      await stage.run(['exec', '-i', 'reader', 'wc', '-c'], { input: 'x'.repeat(100_000) });
      await stage.run(['exec', '-i', 'reader', 'head', '-c', '3'], { input: 'abcdef' });
      await stage.run(['exec', 'reader', 'cat'], { input: 'not read' });
    },
  },
  {
    title: 'exec -d leaves its process running',
    async play(stage) {
      await running(stage, 'busy');
      await stage.run(['exec', '-d', 'busy', 'sh', '-c', 'echo done > /tmp/mark']);
      await stage.until(['exec', 'busy', 'cat', '/tmp/mark'], /done/);
      await stage.all('exec -d busy nosuchprogram');
    },
    differences: refusedInOtherWords(),
  },
  {
    title: 'exec in what does not run is refused',
    async play(stage) {
      await stage.all('create --name off --network none busybox true', 'exec off true', 'exec nobody true');
      await running(stage, 'short');
      await stage.all('stop -t 0 short', 'exec short true');
    },
  },
  {
    title: 'the end of a container ends what was exec-ed in it',
    async play(stage) {
      await running(stage, 'parent');
      const exec = stage.start(['exec', 'parent', 'sh', '-c', 'echo up; sleep 1000']);
      await exec.prints(/up/);
      await stage.all('kill parent');
      stage.see(`exec ended with ${await exec.ended}`);
    },
  },
  {
    title: 'attach shows what comes and ends with the exit code',
    async play(stage) {
      await stage.quietly([
        'run',
        '-d',
        '-i',
        '--name',
        'talker',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        'while read line; do echo "got $line"; echo "bad $line" >&2; [ "$line" = end ] && exit 6; done',
      ]);
      const attached = stage.start(['attach', 'talker']);
      attached.process.stdin?.write('one\n');
      await attached.prints(/got one/);
      attached.process.stdin?.write('end\n');
      const code = await attached.ended;
      stage.see(`${attached.stdout}${attached.stderr}[${code}]`);
      assert.equal(code, 6);
      await stage.all('attach talker', 'logs talker');
    },
  },
  {
    title: 'attach --no-stdin listens only; two may listen at once',
    async play(stage) {
      const script = 'while read line; do [ "$line" = end ] && exit 3; echo "$line"; done';
      await stage.quietly(['run', '-d', '-i', '--name', 'radio', ...NONE, 'busybox', 'sh', '-c', script]);
      const listeners = [1, 2].map(() => stage.start(['attach', '--no-stdin', 'radio']));
      const speaker = stage.start(['attach', 'radio']);
      // A listener that came too late would hear nothing: speak until all have heard.
      const speaking = setInterval(() => speaker.process.stdin?.write('news\n'), 20);
      await Promise.all(listeners.map((listener) => listener.prints(/news/)));
      clearInterval(speaking);
      speaker.process.stdin?.write('end\n');
      stage.see(`${await Promise.all(listeners.map(({ ended }) => ended))} ${await speaker.ended}`);
    },
  },
  {
    title: 'attach to what does not run, to a paused and to an unknown one is refused',
    async play(stage) {
      await stage.quietly(['create', '--name', 'off', ...NONE, 'busybox', 'true']);
      await running(stage, 'frozen');
      await stage.quietly(['pause', 'frozen']);
      await stage.all('attach off', 'attach nobody', 'attach frozen', 'unpause frozen');
    },
  },
  {
    title: 'signals of the client go on to the process',
    async play(stage) {
      const run = stage.start([
        'run',
        '--name',
        'proxied',
        ...NONE,
        'busybox',
        'sh',
        '-c',
        'trap "echo term; exit 21" TERM; trap "echo hup" HUP; echo up; while :; do sleep 0.05; done',
      ]);
      await run.prints(/up/);
      run.process.kill('SIGHUP');
      await run.prints(/hup/);
      run.process.kill('SIGTERM');
      stage.see(`${await run.ended}\n${run.stdout}`);
      assert.equal(await run.ended, 21);
    },
  },
];

playScenes(scenes);
