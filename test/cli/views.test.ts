/** Containers looked at while they run: top, stats, lists by every filter, and what prune, wait and update make of them. */
import { playScenes, type Scene, type Stage } from './scenes.ts';

const NONE = ['--network', 'none'] as const;

/** What two engines cannot have in common: pids, times of day, how busy they were, whose children they are. */
const processes = (table: string): string =>
  table
    .replace(/\d\d:\d\d(:\d\d)?|[A-Z][a-z]{2}\d\d/g, '<time>')
    .replace(/\d+(\.\d+)?/g, '<n>')
    .replace(/(?<= )([|\\_] )+/g, '')
    .replace(/ +/g, ' ')
    .replace(/(?<= )([|\\]_? )+/g, '')
    .split('\n')
    .sort() // theirs are in the order of pids, which begin again at the end
    .join('\n');

async function runs(stage: Stage, name: string, ...rest: readonly string[]): Promise<void> {
  await stage.quietly(['run', '-d', '--name', name, ...NONE, ...rest]);
}

/** Every filter of `ps`, some with words that it refuses. */
const PS_FILTERS = [
  'exited=4',
  'exited=0',
  'exited=1x',
  'health=none',
  'health=starting',
  'health=healthy',
  'health=odd',
  'is-task=false',
  'is-task=true',
  'is-task=odd',
  'label=tier=',
  'label=tier',
  'label=toString',
  'name=f.*t',
  'name=(',
  'name=/first',
  'network=none',
  'network=host',
  'network=nosuch',
  'publish=80',
  'publish=1:2',
  'expose=80',
  'expose=79-81/udp',
  'expose=x',
  'isolation=default',
  'before=fourth',
  'since=/first',
  'volume=/nowhere',
  'status=removing',
  'status=dead',
  'id=zz',
  'ancestor=busybox:latest',
  'ancestor=busybox:other',
];

const scenes: readonly Scene[] = [
  {
    title: 'top shows the processes of a container, in the columns that ps is asked for',
    async play(stage) {
      await runs(stage, 'busy', 'busybox', 'sh', '-c', 'sleep 999 & sleep 998 & echo up; wait');
      await stage.until(['logs', 'busy'], /up/);
      // Forked and not yet what they will be, children show their parent's words.
      await stage.until(['top', 'busy', '-o', 'pid,comm'], /sleep\n.*sleep/);
      for (const args of [
        [],
        ['aux'],
        ['-eo', 'comm,args'],
        ['-o', 'pid=PID,cmd'],
        ['-eo', 'user=PID,pid'],
        ['axf'],
        ['--nosuch'],
        ['-o', 'nosuch'],
      ]) {
        const { stdout, stderr, code } = await stage.quietly(['top', 'busy', ...args]);
        stage.see(`top ${args.join(' ')}: ${processes(stdout + stderr)}[${code}]`);
      }
      await stage.quietly(['pause', 'busy']);
      stage.see(processes((await stage.quietly(['top', 'busy'])).stdout));
      await stage.quietly(['unpause', 'busy']);
      await stage.quietly(['kill', 'busy']);
      await stage.quietly(['wait', 'busy']);
      await stage.all('top busy', 'top nobody');
    },
  },
  {
    title: 'stats tells of those that run, and nothing of the others',
    async play(stage) {
      await runs(stage, 'measured', '-m', '64m', '--pids-limit', '50', 'busybox', 'sleep', '999');
      await stage.quietly(['create', '--name', 'idle', ...NONE, 'busybox', 'true']);
      await stage.run([
        'stats',
        '--no-stream',
        '--format',
        '{{.Name}} {{.NetIO}} {{.BlockIO}} {{.PIDs}} {{slice .MemUsage 8}}',
        'idle',
      ]);
      const { stdout } = await stage.quietly(['stats', '--no-stream', '--all']);
      stage.see(stdout.replace(/\d+(\.\d+)?(%|[KMG]?i?B)/g, '<n>').replace(/ +/g, ' '));
      for (const format of ['{{.Name}} {{.PIDs}}', '{{.MemUsage}}', '{{.NetIO}} {{.Container}}'])
        stage.see(
          (await stage.quietly(['stats', '--no-stream', '--format', format, 'measured'])).stdout.replace(
            /^[\d.]+[KM]iB/,
            '<used>',
          ),
        );
      await stage.all('stats --no-stream nobody');
    },
  },
  {
    title: 'a sample has the members that dockerd sends, and numbers where it has numbers',
    once: true,
    async play(stage) {
      await runs(stage, 'measured', '-m', '64m', 'busybox', 'sleep', '999');
      for (const [name, query] of [
        ['measured', 'stream=false'],
        ['measured', 'stream=false&one-shot=true'],
        ['nobody', 'stream=false'],
      ] as const) {
        const answer = await stage.engine.api('1.41').get(`/containers/${name}/stats?${query}`);
        stage.see(`${name} ${query}: ${answer.status} ${shapeOf(answer.json())}`);
      }
      await stage.quietly(['kill', 'measured']);
      await stage.quietly(['wait', 'measured']);
      const ended = await stage.engine.api('1.41').get('/containers/measured/stats?stream=false');
      stage.see(`ended: ${ended.status} ${shapeOf(ended.json())}`);
    },
  },
  {
    title: 'ps by every filter',
    async play(stage) {
      await runs(
        stage,
        'first',
        '--label',
        'tier=web',
        '--label',
        'x',
        '--expose',
        '80',
        'busybox',
        'sleep',
        '999',
      );
      await stage.quietly(['run', '--name', 'second', ...NONE, 'busybox', 'sh', '-c', 'exit 4']);
      await stage.quietly(['create', '--name', 'third', '--label', 'tier=', ...NONE, 'busybox', 'true']);
      await runs(
        stage,
        'fourth',
        ...['--health-cmd', 'true', '--health-interval', '10m'],
        'busybox',
        'sleep',
        '999',
      );
      for (const filter of PS_FILTERS)
        for (const all of [['-a'], []]) {
          const ran = await stage.quietly(['ps', ...all, '--format', '{{.Names}}', '--filter', filter]);
          stage.see(
            `${all.join('')} ${filter}: ${ran.stdout.split('\n').join(' ')}${ran.stderr}[${ran.code}]`,
          );
        }
      await stage.run(['ps', '-a', '-n', '2', '--filter', 'label=tier', '--format', '{{.Names}}']);
      await stage.run([
        'ps',
        '-a',
        '--filter',
        'health=starting',
        '--filter',
        'health=none',
        '--format',
        '{{.Names}}',
      ]);
    },
  },
  {
    title: 'inspect and ps show sizes when asked',
    async play(stage) {
      await stage.quietly(['run', '--name', 'big', ...NONE, 'busybox', 'sh', '-c', 'printf 1234567 >/x']);
      await stage.run(['ps', '-a', '-s', '--format', '{{.Names}} {{slice .Size 0 2}}']);
      await stage.run(['inspect', '-s', '-f', '{{.SizeRw}}', 'big']);
      await stage.run(['inspect', '-f', '{{.SizeRw}} {{.Driver}} {{.GraphDriver.Name}}', 'big']);
    },
  },
  {
    title: 'prune removes what does not run, by label and by age, and tells what that freed',
    async play(stage) {
      const exit = async (name: string, ...labels: readonly string[]) =>
        await stage.quietly([
          'run',
          '--name',
          name,
          ...labels.flatMap((label) => ['--label', label]),
          ...NONE,
          'busybox',
          'sh',
          '-c',
          'printf 1234567 >/x',
        ]);
      await exit('kept', 'keep=yes');
      await exit('plain');
      await exit('red', 'color=red');
      await stage.quietly(['create', '--name', 'made', ...NONE, 'busybox', 'true']);
      await runs(stage, 'up', 'busybox', 'sleep', '999');
      await runs(stage, 'held', 'busybox', 'sleep', '999');
      await stage.quietly(['pause', 'held']);
      const names = () => stage.run(['ps', '-a', '--format', '{{.Names}}']);
      for (const filter of [
        'until=1h',
        'until=soon',
        'until=x-y',
        'nosuch=1',
        'label=color=red',
        'label!=keep',
      ])
        stage.see(
          pruned((await stage.run(['container', 'prune', '-f', '--filter', filter])).stdout) + filter,
        );
      await names();
      await stage.run(['container', 'prune', '-f', '--filter', 'until=1h', '--filter', 'until=2h']);
      await stage.run(['container', 'prune', '-f', '--filter', 'until=2001-01-01T00:00:00']);
      await names();
      await stage.run(['container', 'prune', '-f']);
      await names();
    },
    differences: [],
  },
  {
    title: 'wait, update of the policy, and removing a link that is none',
    async play(stage) {
      await runs(
        stage,
        'waited',
        'busybox',
        'sh',
        '-c',
        'trap "exit 7" TERM; echo up; while :; do sleep 0.05; done',
      );
      await stage.until(['logs', 'waited'], /up/);
      const waiting = stage.start(['wait', 'waited']);
      await stage.all('update --restart unless-stopped waited', 'update --restart odd waited', 'stop waited');
      await waiting.prints(/7/);
      stage.see(waiting.stdout);
      await stage.run(['inspect', '-f', '{{.HostConfig.RestartPolicy}} {{.State.Status}}', 'waited']);
      await stage.all(
        'wait waited',
        'wait nobody',
        'rm --link waited',
        'rm --link waited/other',
        'rm waited',
      );
      await stage.quietly(['create', '--name', 'made', ...NONE, 'busybox', 'true']);
      await stage.all('wait made');
    },
  },
];

const PROBED = ['--health-interval', '100ms', '--health-timeout', '60s'] as const;

const healthScenes: readonly Scene[] = [
  {
    title: 'a container becomes unhealthy after retries, then healthy, and ends unhealthy',
    async play(stage) {
      await runs(
        stage,
        'ill',
        ...PROBED,
        ...['--health-retries', '2', '--health-cmd', 'echo looked; test -e /well'],
        ...['busybox', 'sh', '-c', 'trap "exit 0" TERM; echo up; while :; do sleep 0.05; done'],
      );
      await stage.until(['logs', 'ill'], /up/);
      const health = ['inspect', '-f', '{{.State.Health.Status}}', 'ill'];
      await stage.until(health, /^unhealthy/);
      stage.see((await stage.quietly(['ps', '--format', '{{.Names}} {{.Status}}'])).stdout);
      const { stdout } = await stage.quietly(['inspect', '-f', '{{json .State.Health}}', 'ill']);
      const { Log, FailingStreak } = JSON.parse(stdout) as {
        Log: { ExitCode: number; Output: string }[];
        FailingStreak: number;
      };
      const last = Log.at(-1);
      stage.see(`${last?.ExitCode} ${last?.Output} ${FailingStreak >= 2}`);
      await stage.quietly(['exec', 'ill', 'touch', '/well']);
      await stage.until(health, /^healthy/);
      stage.see((await stage.quietly(['ps', '--format', '{{.Names}} {{.Status}}'])).stdout);
      await stage.run(['ps', '--filter', 'health=healthy', '--format', '{{.Names}}']);
      await stage.quietly(['stop', 'ill']);
      await stage.run(health); // the streak is dockerd's affair: a probe that the stop meets counts, or not
    },
  },
  {
    title: 'nobody vouches for the health of what is paused',
    async play(stage) {
      // Without a probe on its way: one that dockerd finds frozen holds it up until its time is over.
      const check = ['--health-cmd', 'true', '--health-interval', '10m'];
      await runs(stage, 'still', ...check, 'busybox', 'sleep', '999');
      for (const verb of ['ps', 'pause', 'unpause']) {
        if (verb !== 'ps') await stage.quietly([verb, 'still']);
        stage.see((await stage.quietly(['ps', '--format', '{{.Names}} {{.Status}}'])).stdout);
        await stage.run(['inspect', '-f', '{{.State.Health.Status}} {{.State.Health.Log}}', 'still']);
      }
    },
  },
  {
    title: 'a health check that takes too long, or fails, says so',
    async play(stage) {
      const check = (...options: readonly string[]) => [...options, 'busybox', 'sleep', '999'];
      const late = ['--health-interval', '100ms', '--health-timeout', '200ms', '--health-cmd', 'sleep 9'];
      await runs(stage, 'late', ...check(...late));
      await runs(stage, 'code', ...check(...PROBED, '--health-cmd', 'echo no; exit 3'));
      await runs(stage, 'none', ...check('--no-healthcheck'));
      for (const name of ['late', 'code']) {
        await stage.until(['inspect', '-f', '{{len .State.Health.Log}}', name], /^[1-9]/);
        const { stdout } = await stage.quietly(['inspect', '-f', '{{json .State.Health.Log}}', name]);
        const [first] = JSON.parse(stdout) as { ExitCode: number; Output: string }[];
        stage.see(`${name}: ${first?.ExitCode} ${first?.Output}`);
      }
      await stage.run(['inspect', '-f', '{{.State.Health}} {{.Config.Healthcheck}}', 'none']);
    },
  },
  {
    title: 'the settings of a health check are kept, and refused where they make no sense',
    async play(stage) {
      const create = (...options: readonly string[]) => ['create', ...NONE, ...options, 'busybox', 'true'];
      const settings = ['--health-cmd', 'a b', '--health-retries', '4', '--health-start-period', '3s'];
      await stage.quietly(create('--name', 'set', ...PROBED, ...settings));
      await stage.run(['inspect', '-f', '{{json .Config.Healthcheck}} {{.State.Health}}', 'set']);
      for (const option of ['interval=1us', 'timeout=-1s', 'retries=-1', 'start-period=5us'])
        await stage.run(create('--health-cmd', 'true', `--health-${option}`));
      for (const Healthcheck of [
        { Interval: 1000 },
        { Timeout: -1 },
        { Retries: -2 },
        { StartPeriod: 999_999 },
      ]) {
        const body = { Image: 'busybox', Healthcheck };
        const answer = await stage.engine.api('1.41').post('/containers/create', body);
        stage.see(`${answer.status} ${answer.text}`);
      }
    },
  },
  {
    title: 'each probe is an exec in events, and changes of health are told',
    async play(stage) {
      const from = Math.floor(Date.now() / 1000);
      const check = [...PROBED, '--health-cmd', 'test -e /well', '--health-retries', '1'];
      await runs(stage, 'told', ...check, 'busybox', 'sleep', '999');
      const health = ['inspect', '-f', '{{.State.Health.Status}}', 'told'];
      await stage.until(health, /^unhealthy/);
      await stage.quietly(['exec', 'told', 'touch', '/well']);
      await stage.until(health, /^healthy/);
      await stage.quietly(['kill', 'told']);
      await stage.quietly(['wait', 'told']);
      const events = async (...kinds: readonly string[]) => {
        const window = ['--since', String(from), '--until', String(Math.floor(Date.now() / 1000) + 1)];
        const filters = ['container=told', ...kinds.map((kind) => `event=${kind}`)];
        const asked = ['events', ...window, ...filters.flatMap((filter) => ['--filter', filter])];
        return (await stage.quietly(asked)).stdout.replace(/[0-9a-f]{64}/g, '<id>').replace(/^\S+ /gm, '');
      };
      // When it ends it may be told as unhealthy no more.
      stage.see(await events('health_status'));
      // The first probe failed: its three events come first.
      stage.see((await events('exec_create', 'exec_start', 'exec_die')).split('\n').slice(0, 3).join('\n'));
    },
  },
];

const pruned = (said: string): string => (said.includes('Total') ? 'done: ' : 'refused: ');

/** The members of an answer in order, with the kinds of their values. */
function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.length > 0 ? shapeOf(value[0]) : ''}]`;
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return `{${Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${name}: ${shapeOf(member)}`)
    .join(', ')}}`;
}

playScenes([...scenes, ...healthScenes]);
