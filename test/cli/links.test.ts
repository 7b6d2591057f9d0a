/** Links on the default network, as a user of the command line sees them. */
import { playScenes, type Scene, type Stage } from './scenes.ts';

/** Runs it and shows what it prints sorted, with addresses as `<a>`, `<b>`, in the order in which they appear. */
async function told(stage: Stage, argv: readonly string[]): Promise<void> {
  const { stdout, stderr, code } = await stage.quietly(argv);
  const lines = `${stdout}${stderr}`.split('\n').toSorted().join('\n');
  const known: string[] = [];
  const named = lines.replace(/\b(?:\d+\.){3}\d+\b/g, (address) => {
    if (!known.includes(address)) known.push(address);
    return `<${String.fromCharCode(97 + known.indexOf(address))}>`;
  });
  stage.see(`$ docker ${argv.join(' ')}\n${named}[${code}]`);
}

const LONG = ['busybox', 'sleep', '1000'] as const;
const names = 'ps -a --no-trunc --format {{.Names}}';
const links = 'inspect -f {{json.HostConfig.Links}}';
const linked = (stage: Stage, name: string) => stage.all(names, `${links} ${name}`);
const looksUp = (name: string) => ['exec', name, 'grep', '-E', '^[0-9.]+.[a-z].* ', '/etc/hosts'];
const variables = (name: string, prefix: string) => ['exec', name, 'sh', '-c', `env | grep ^${prefix}_`];

async function database({ run }: Stage): Promise<void> {
  const ports = ['5432', '5433', '5434', '53/udp', '53', '7001', '7002'].flatMap((port) => [
    '--expose',
    port,
  ]);
  const env = ['-e', 'FOO=a=b', '-e', 'HOME=/x', '-e', 'PATH=/bin:/usr/bin'];
  await run(['run', '-d', '--name', 'db', '--hostname', 'store', ...env, ...ports, ...LONG]);
}

const scenes: readonly Scene[] = [
  {
    title: 'a link is variables and names, is shown, found by and removed',
    async play(stage) {
      await database(stage);
      await stage.run(['run', '-d', '--name', 'web', '--link', 'db', '--link', 'db:my-x.y', ...LONG]);
      await linked(stage, 'web');
      await told(stage, variables('web', 'DB'));
      await told(stage, variables('web', 'MY_X.Y'));
      await told(stage, looksUp('web'));
      await stage.all(
        'inspect -f {{.Name}} web/db',
        'inspect -f {{.Name}} /web/my-x.y',
        'ps --filter name=my-x',
      );
      await stage.all('rm --link web/db', 'rm --link web/db', 'rm --link web', 'rm --link /db');
      await told(stage, looksUp('web'));
      await linked(stage, 'web');
      await stage.all('rm --link /web/my-x.y', 'restart -t 0 web');
      await told(stage, ['exec', 'web', 'env']);
      await linked(stage, 'web');
    },
  },
  {
    title: 'a link follows names and addresses of both ends',
    async play(stage) {
      await database(stage);
      await stage.run(['run', '-d', '--name', 'web', '--link', 'db:x', ...LONG]);
      await stage.all('stop -t 0 db', 'run -d --name taker busybox sleep 1000', 'start db');
      await told(stage, looksUp('web'));
      await told(stage, variables('web', 'X_NAME'));
      await stage.all('rename web front', 'rename front/x store', names, `${links} front`);
      await told(stage, variables('front', 'X_NAME'));
      await told(stage, looksUp('front'));
      await stage.run(['restart', '-t', '0', 'front']);
      await told(stage, looksUp('front'));
      await stage.all('rm -f front', names);
    },
  },
  {
    title: 'what cannot be linked',
    async play(stage) {
      await stage.run(['create', '--name', 'stopped', ...LONG]);
      await stage.run(['run', '-d', '--name', 'none', '--network', 'none', ...LONG]);
      await stage.run(['run', '-d', '--name', 'hosted', '--network', 'host', ...LONG]);
      for (const link of ['nosuch', 'hosted', 'a:b:c', ''])
        await stage.run(['create', '--link', link, ...LONG]);
      for (const link of ['stopped', 'none:n']) {
        await stage.run(['run', '-d', '--name', 'web', '--link', link, ...LONG]);
        await linked(stage, 'web');
        await stage.run(['rm', 'web']);
      }
    },
  },
];
playScenes(scenes, undefined, { bridge: true });
