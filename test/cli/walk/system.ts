/** The engine as a whole, volumes, contexts, plugins and what stands before any command, with every flag. */
import { join } from 'node:path';
import type { Scene, Stage } from '../scenes.ts';
import { NONE } from './create.ts';

/** The names of members, of JSON that tells of the machine. */
async function members(stage: Stage, argv: readonly string[], without: RegExp = /^$/): Promise<void> {
  const { stdout, stderr, code } = await stage.quietly(argv);
  const names = code === 0 ? Object.keys(JSON.parse(stdout)).filter((name) => !without.test(name)) : [stderr];
  stage.see(`$ docker ${argv.join(' ')}\n${names.sort().join(' ')}[${code}]`);
}

export const scenes: readonly Scene[] = [
  {
    title: 'version and info',
    async play(stage) {
      await stage.run(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}} {{.Client.Os}}']);
      await stage.run([
        'system',
        'info',
        '--format',
        '{{.Containers}} {{.OSType}} {{.NCPU}} {{.MemTotal}} {{.Swarm.LocalNodeState}}',
      ]);
      await stage.run([
        'info',
        '--format',
        '{{.CgroupDriver}} {{.CgroupVersion}} {{.Driver}} {{.Plugins.Volume}} {{.ServerErrors}}',
      ]);
      await stage.run(['version', '--format', '{{.Nosuch}}']);
    },
  },
  {
    title: 'events: every flag',
    async play(stage) {
      const since = (Date.now() / 1000).toFixed(3);
      await stage.quietly(['volume', 'create', 'kept']);
      await stage.quietly(['run', '--name', 'one', '--label', 'a=b', ...NONE, 'busybox', 'true']);
      await stage.quietly(['rm', 'one']);
      const window = ['--since', since, '--until', String(Math.floor(Date.now() / 1000) + 1)];
      const told = async (...flags: string[]): Promise<void> => {
        const { stdout, stderr, code } = await stage.quietly(['events', ...window, ...flags]);
        stage.see(`events ${flags.join(' ')}\n${stdout}${stderr}[${code}]`);
      };
      for (const filter of [
        'type=container',
        'event=die',
        'label=a=b',
        'container=one',
        'volume=kept',
        'scope=local',
        'image=busybox',
      ])
        await told('--format', '{{.Type}} {{.Action}}', '--filter', filter);
      await told('--format', '{{json .Actor}}', '--filter', 'event=create');
      await told('--filter', 'x');
      await stage.all('events --since x');
    },
    differences: [
      {
        why: 'what is on the network none comes to no network and leaves none',
        about: ['system events'],
        dockerd: [/^network (dis)?connect\n/gm, ''],
      },
    ],
  },
  {
    title: 'system df and prune',
    async play(stage) {
      await stage.quietly(['volume', 'create', 'kept']);
      await stage.quietly(['create', '--name', 'one', '--label', 'a=b', ...NONE, 'busybox', 'true']);
      await stage.all('system df', 'system df --verbose');
      await stage.run(['system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}}']);
      await members(stage, ['system', 'df', '-v', '--format', '{{json .}}']);
      await stage.all(
        'system prune --force --filter label!=a',
        'system prune --force --volumes --filter label=x',
      );
      await stage.run(['system', 'prune'], { input: 'n\n' });
      await stage.run(['system', 'prune', '--volumes'], { input: 'y\n' });
      await stage.all(
        'system prune --force --filter nosuch=1',
        'system prune -f --volumes --filter until=1h',
        'volume ls -q',
      );
    },
    differences: [
      {
        why: 'what images keep beside their layers is counted',
        about: ['system df'],
        gantry: [/^(Images +\d+ +\d+ +)\S+( +\S+ \(\d+%\))?$/gm, '$1<size>'],
        dockerd: [/^(Images +\d+ +\d+ +)\S+( +\S+ \(\d+%\))?$/gm, '$1<size>'],
      },
    ],
  },
  {
    title: 'system prune --all takes every image that no container needs',
    async play(stage) {
      await stage.quietly(['tag', 'busybox', 'spare:1']);
      await stage.quietly(['create', '--name', 'one', ...NONE, 'busybox', 'true']);
      await stage.all('system prune --all --force --filter label=nosuch');
      // The command line tells the names of one image in no order.
      await stage.all('images --format {{.Repository}} busybox', 'images --format {{.Repository}} spare');
    },
  },
  {
    title: 'volumes: every flag',
    async play(stage) {
      await stage.all(
        'volume create --driver local --label a=b --opt type=tmpfs --opt device=tmpfs --opt o=size=1m one',
      );
      await stage.all(
        'volume inspect --format {{.Name}}{{.Driver}}{{.Labels}}{{.Options}}{{.Scope}} one',
        'volume ls',
      );
      await stage.all(
        'volume ls --quiet --filter label=a=b',
        'volume ls --format {{.Name}}|{{.Labels}}',
        'volume ls --filter nosuch=1',
      );
      await stage.all(
        'volume rm --force nobody',
        'volume rm nobody',
        'volume create --driver nosuch two',
        'volume create one',
      );
      const { stdout } = await stage.quietly(['volume', 'create']);
      stage.see(`${/^[0-9a-f]{64}$/m.test(stdout)}`);
      await stage.all(
        'volume prune --force',
        'volume ls',
        'volume prune --force --all --filter label!=a',
        'volume prune --all --force',
      );
      await stage.all('volume prune --force --filter nosuch=1', 'volume rm one', 'volume inspect one');
    },
  },
  {
    title: 'volumes of a cluster',
    async play(stage) {
      await stage.all(
        'volume ls --cluster',
        'volume update --availability pause one',
        'volume create --type mount --driver nosuch one',
      );
      for (const flag of [
        ...[
          '--availability active',
          '--group g',
          '--limit-bytes 1g',
          '--required-bytes 1m',
          '--scope single',
        ],
        ...['--secret a=b', '--sharing none', '--topology-preferred a=b', '--topology-required a=b'],
      ])
        await stage.all(`volume create ${flag} --driver nosuch two`);
    },
  },
  {
    title: 'contexts: every flag',
    often: true,
    async play(stage) {
      const { host } = stage.engine;
      const seen = (text: string): string => text.replaceAll(host, 'HOST');
      const file = join(stage.directory(), 'walk.dockercontext');
      const env = { DOCKER_CONFIG: join(stage.directory(), 'config'), DOCKER_HOST: '' };
      const line = async (...argv: string[]): Promise<void> => {
        const { stdout, stderr, code } = await stage.quietly(argv, { env });
        stage.see(seen(`$ docker ${argv.join(' ')}\n${stdout}${stderr}[${code}]`));
      };
      await line('context', 'create', '--description', 'said', '--docker', `host=${host}`, 'walk');
      await line('context', 'create', '--from', 'walk', 'copy');
      await line('context', 'ls', '--format', '{{.Name}} {{.Description}} {{.Current}}');
      await line('context', 'ls', '--quiet');
      await line('--context', 'walk', 'ps', '-q');
      await line('context', 'use', 'walk');
      await line('context', 'show');
      await line('version', '--format', '{{.Server.Os}}');
      await line('context', 'update', '--description', 'other', '--docker', `host=${host}`, 'walk');
      await line('context', 'inspect', '--format', '{{.Name}} {{.Endpoints.docker.Host}}', 'walk');
      await line('context', 'export', 'walk', file);
      await line('context', 'import', 'again', file);
      await line('context', 'rm', 'copy');
      await line('context', 'rm', 'walk');
      await line('context', 'rm', '--force', 'walk', 'again');
    },
  },
  {
    title: 'what stands before the command',
    async play(stage) {
      const { host } = stage.engine;
      const config = join(stage.directory(), 'config');
      for (const words of [
        ['--host', host, 'ps', '-q'],
        ['-H', host, '--config', config, 'ps', '-q'],
        ['--log-level', 'error', 'ps', '-q'],
        ['--debug', 'volume', 'ls', '-q'],
        ['--version'],
        ['--host', 'unix:///nonexistent', 'ps'],
      ]) {
        const { stdout, stderr, code } = await stage.quietly(words);
        stage.see(`${words.join(' ').replaceAll(host, 'HOST')}\n${stdout}${stderr}[${code}]`);
      }
    },
  },
  {
    title: 'checkpoints',
    async play(stage) {
      await stage.quietly(['run', '-d', '--name', 'one', ...NONE, 'busybox', 'sleep', '1000']);
      const dir = stage.directory();
      await stage.all(
        `checkpoint create --leave-running --checkpoint-dir ${dir} one first`,
        'checkpoint create one second',
      );
      await stage.all(
        `checkpoint ls --checkpoint-dir ${dir} one`,
        `checkpoint rm --checkpoint-dir ${dir} one first`,
      );
    },
  },
  {
    title: 'plugins of the engine',
    async play(stage) {
      const dir = stage.directory();
      await stage.all(
        'plugin ls',
        'plugin ls --filter enabled=true --format {{.Name}} --no-trunc',
        'plugin ls --quiet',
      );
      await stage.all(
        'plugin inspect --format {{.Name}} nosuch',
        'plugin rm --force nosuch',
        'plugin disable --force nosuch',
      );
      await stage.all(
        'plugin enable --timeout 1 nosuch',
        'plugin set nosuch a=b',
        `plugin create --compress mine ${dir}`,
      );
      await stage.all(
        'plugin install --grant-all-permissions --disable --alias a nosuch.invalid/x',
        'plugin install --disable-content-trust nosuch.invalid/x',
      );
      await stage.all('plugin push nosuch.invalid/x', 'plugin push --disable-content-trust nosuch.invalid/x');
      await stage.all(
        'plugin upgrade --grant-all-permissions --skip-remote-check nosuch',
        'plugin upgrade --disable-content-trust nosuch',
      );
    },
    differences: [
      {
        why: 'Gantry runs no managed plugins',
        gantry: [/managed plugins are not supported by this engine/g, '<no such plugin>'],
        dockerd: [/error resolving plugin reference: .*/g, '<no such plugin>'],
      },
    ],
  },
  {
    title: 'keys of trust are the command line’s own',
    async play(stage) {
      const env = {
        DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: 'secret-secret',
        DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: 'secret-secret',
      };
      const dir = stage.directory();
      const generated = await stage.quietly(['trust', 'key', 'generate', 'me', '--dir', dir], { env });
      const loaded = await stage.quietly(['trust', 'key', 'load', '--name', 'me', join(dir, 'me.pub')], {
        env,
      });
      stage.see(`${generated.code} ${loaded.code}`);
    },
  },
];
