/** Lists and looks: ps, inspect, images, history, version, info, in their formats and with their filters. */
import { arranged, OWN } from './plain.ts';
import { type Difference, playScenes, type Scene, type Stage } from './scenes.ts';

const NONE = ['--network', 'none'] as const;

const BOUNDED_LOG: readonly Difference[] = [
  {
    why: 'logs are bounded, and it is said how',
    gantry: [/"Config": \{\s*"max-file": "5",\s*"max-size": "20m"\s*\}/, '"Config": {}'],
  },
];

async function crowd(stage: Stage): Promise<void> {
  await stage.quietly([
    'run',
    '-d',
    '--name',
    'first',
    '--label',
    'tier=web',
    '--label',
    'x',
    ...NONE,
    'busybox',
    'sleep',
    '1000',
  ]);
  await stage.quietly([
    'run',
    '--name',
    'second',
    '--label',
    'tier=db',
    ...NONE,
    'busybox',
    'sh',
    '-c',
    'exit 4',
  ]);
  await stage.quietly(['create', '--name', 'third', ...NONE, 'busybox', 'true']);
  await stage.quietly(['run', '-d', '--name', 'fourth', ...NONE, 'busybox', 'sleep', '1000']);
  await stage.quietly(['pause', 'fourth']);
}

const scenes: readonly Scene[] = [
  {
    title: 'ps shows what runs, all, the last ones, ids alone, and what a format asks for',
    async play(stage) {
      await crowd(stage);
      await stage.all('ps', 'ps -a', 'ps -l', 'ps -n 2', 'ps -q', 'ps -aq --no-trunc', 'ps -a --no-trunc');
      for (const format of [
        '{{.ID}} {{.Names}} {{.Image}}',
        'table {{.Names}}\t{{.State}}',
        '{{.Command}}',
        '{{.Label "tier"}}',
        '{{.Mounts}} {{.Networks}} {{.Ports}}',
        '{{.LocalVolumes}} {{.RunningFor}}',
      ])
        await stage.run(['ps', '-a', '--format', format]);
    },
  },
  {
    title: 'ps filters',
    async play(stage) {
      await crowd(stage);
      const { stdout } = await stage.quietly(['inspect', '-f', '{{.Id}}', 'first']);
      for (const filter of [
        'name=fir',
        'name=^/first$',
        'label=tier',
        'label=tier=db',
        'status=running',
        'status=exited',
        'status=created',
        'status=paused',
        'exited=4',
        'exited=0',
        'ancestor=busybox',
        'ancestor=nosuch',
        'before=third',
        'since=second',
        'status=nonsense',
        'nosuch=1',
        'exited=x',
        'since=nobody',
        'network=none',
        'volume=none',
        `id=${stdout.slice(0, 8)}`,
      ]) {
        const {
          stdout: shown,
          stderr,
          code,
        } = await stage.quietly(['ps', '-a', '--format', '{{.Names}}', '--filter', filter]);
        stage.see(`${filter.replace(/^id=.*/, 'id')}: ${shown}${stderr}[${code}]`);
      }
      await stage.run([
        'ps',
        '--filter',
        'label=tier',
        '--filter',
        'status=exited',
        '--format',
        '{{.Names}}',
      ]);
    },
    differences: [
      {
        why: 'an unknown container is told as everywhere else',
        gantry: [
          /since=nobody: (.*): No such container: nobody/,
          'since=nobody: $1: no such container nobody',
        ],
      },
    ],
  },
  {
    title: 'inspect of a container has what dockerd has',
    async play(stage) {
      await stage.quietly([
        'run',
        '-d',
        '--name',
        'known',
        '--label',
        'a=b',
        '-e',
        'X=1',
        '-h',
        'host1',
        '-m',
        '64m',
        '--cpu-shares',
        '512',
        '--ulimit',
        'nofile=512:512',
        '--restart',
        'on-failure:3',
        '-v',
        '/etc:/host-etc:ro',
        '--tmpfs',
        '/scratch:size=1m',
        '--cap-drop',
        'NET_RAW',
        '--read-only',
        '-w',
        '/tmp',
        ...NONE,
        'busybox',
        'sleep',
        '1000',
      ]);
      const { stdout } = await stage.quietly(['inspect', 'known']);
      stage.see(arranged(stdout, OWN));
      await stage.run([
        'inspect',
        '-f',
        '{{.State.Status}} {{.Config.Hostname}} {{json .Config.Labels}} {{.HostConfig.Memory}}',
        'known',
      ]);
      await stage.run(['inspect', 'known', 'nobody', '-f', '{{.Name}}']);
      await stage.run(['inspect', '-s', '-f', '{{.SizeRw}}', 'known']);
    },
    differences: BOUNDED_LOG,
  },
  {
    title: 'inspect of what has ended tells how',
    async play(stage) {
      await stage.quietly(['run', '--name', 'over', ...NONE, 'busybox', 'sh', '-c', 'exit 3']);
      const { stdout } = await stage.quietly(['inspect', 'over']);
      stage.see(arranged(stdout, OWN));
      await stage.quietly(['create', '--name', 'never', ...NONE, 'busybox', 'true']);
      await stage.all('inspect -f {{.State}} never');
    },
    differences: BOUNDED_LOG,
  },
  {
    title: 'images: list, formats, inspect, history, tags and removal',
    async play(stage) {
      await stage.all(
        'images',
        'images -q',
        'images --no-trunc',
        'images --digests',
        'images nosuch',
        'images busybox',
      );
      await stage.run(['images', '--format', '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}']);
      await stage.all('tag busybox other:v1', 'tag busybox registry.local:5000/deep/name', 'tag nosuch x:y');
      await stage.run(['tag', 'busybox', 'BAD']);
      for (const filter of ['reference=other', 'reference=bus*', 'dangling=true', 'since=busybox', 'label=x'])
        await stage.run(['images', '--format', '{{.Repository}}:{{.Tag}}', '--filter', filter]);
      const { stdout } = await stage.quietly(['image', 'inspect', 'busybox']);
      stage.see(arranged(stdout, OWN));
      await stage.all(
        'history busybox',
        'history --no-trunc -q busybox',
        'inspect nosuch:image',
        'history nosuch',
      );
      await stage.all('rmi other:v1', 'rmi other:v1', 'rmi registry.local:5000/deep/name');
      await stage.quietly(['create', '--name', 'user', ...NONE, 'busybox', 'true']);
      await stage.all('rmi busybox', 'images -q');
    },
  },
];

playScenes(scenes);
