/** Published ports, name servers and shared networks of `docker run`, as a user of the command line sees them. */
import { playScenes, type Scene, type Stage } from './scenes.ts';

const LONG = ['busybox', 'sleep', '1000'] as const;

/** The peer says so on a host where nobody has turned forwarding on. */
const FORWARDING_IS_OFF = /IPv4 forwarding is disabled/;

/** Runs it and shows what it prints sorted, with ports that engines choose as `<port>`. */
async function told(stage: Stage, argv: readonly string[]): Promise<void> {
  const { stdout, stderr, code } = await stage.quietly(argv);
  const said = `${stdout}${stderr}`
    .split('\n')
    .filter((line) => line !== '' && !FORWARDING_IS_OFF.test(line));
  const lines = said.toSorted();
  const shown = lines.map((line) => line.replace(/:(3[2-9]|4\d|5\d|6\d)\d{3}\b/g, ':<port>')).join('\n');
  stage.see(`$ docker ${argv.join(' ')}\n${shown}\n[${code}]`);
}
const words = (line: string): string[] => line.split(' ');

const scenes: readonly Scene[] = [
  {
    title: 'published ports are told, kept over a restart, and given back',
    async play(stage) {
      const ports = ['-p', '127.0.0.1:28131:80', '-p', '127.0.0.1:28132:81/udp', '--expose', '90'];
      await stage.run(['run', '-d', '--name', 'web', ...ports, ...LONG]);
      await stage.all('port web 80', 'port web 80/tcp', 'port web 81/udp', 'port web 81', 'port web 99');
      await told(stage, ['port', 'web']);
      await told(stage, ['ps', '--format', '{{.Ports}}']);
      await stage.run(['inspect', '-f', '{{json .HostConfig.PortBindings}}', 'web']);
      await stage.run(['inspect', '-f', '{{json .NetworkSettings.Ports}}', 'web']);
      await stage.run(['run', '-d', '--name', 'late', '-p', '127.0.0.1:28131:80', ...LONG]);
      await stage.all('rm late', 'restart -t 0 web', 'port web 80', 'stop -t 0 web', 'port web');
      await stage.run(['ps', '-a', '--format', '{{.Names}}|{{.Ports}}']);
      await stage.run(['run', '-d', '--name', 'late', '-p', '127.0.0.1:28131:80', ...LONG]);
      await stage.all('start web', 'rm -f late', 'start web', 'port web 80');
    },
    differences: [
      {
        why: 'an endpoint that never came has no id: the error tells the id of its network, dockerd one of its own each time',
        gantry: [/endpoint (web|late) \(<\d+>\)/g, 'endpoint $1 (<id>)'],
        dockerd: [/endpoint (web|late) \(<\d+>\)/g, 'endpoint $1 (<id>)'],
      },
      {
        why: 'so that containers are numbered otherwise',
        gantry: [/^<\d+>$/gm, '<container>'],
        dockerd: [/^<\d+>$/gm, '<container>'],
      },
    ],
  },
  {
    title: 'all exposed ports get one each, and a row of ports its first free one',
    async play(stage) {
      const exposed = ['--expose', '80', '--expose', '53/udp'];
      await stage.run(['run', '-d', '--name', 'all', '-P', ...exposed, ...LONG]);
      await told(stage, ['port', 'all', '80']);
      await told(stage, ['port', 'all', '53/udp']);
      for (const name of ['one', 'two', 'three'])
        await stage.run(['run', '-d', '--name', name, '-p', '127.0.0.1:28134-28135:80', ...LONG]);
      for (const name of ['one', 'two']) await stage.run(['port', name]);
      await stage.run(['run', '-d', '--name', 'row', '-p', '127.0.0.1:28136-28138:90-92', ...LONG]);
      await told(stage, ['port', 'row']);
    },
  },
  {
    title: 'what cannot be published',
    async play(stage) {
      for (const port of ['x:80', '1:2:3:4', '70000:80', '9-8:80', '80/foo', '300.0.0.1:80:80'])
        await stage.run(['run', '--rm', '-p', port, 'busybox', 'true']);
    },
  },
  {
    title: 'name servers and hosts are those that were asked for',
    async play(stage) {
      await stage.run(['network', 'create', '--subnet', '10.149.0.0/24', 'one']);
      const asked = ['--dns', '10.1.2.3', '--dns-search', 'example.org', '--dns-opt', 'timeout:3'];
      for (const network of [[], ['--network', 'one']])
        await told(stage, ['run', '--rm', ...network, ...asked, 'busybox', 'cat', '/etc/resolv.conf']);
      const hosts = ['--add-host', 'a:10.9.8.7', '--add-host', 'b.example:fd00::9'];
      for (const network of [[], ['--network', 'one'], ['--network', 'none']])
        await told(stage, [
          'run',
          '--rm',
          ...network,
          ...hosts,
          'busybox',
          'grep',
          '-E',
          '^(10.9|fd00)',
          '/etc/hosts',
        ]);
      for (const bad of ['a', 'a:b:c', ':1.2.3.4', 'a:1.2.3'])
        await stage.run(['run', '--rm', '--add-host', bad, 'busybox', 'true']);
      await stage.run(['run', '--rm', '--dns', 'nowhere', 'busybox', 'true']);
    },
  },
  {
    title: "a container in another's network has its addresses, also after the other came back",
    async play(stage) {
      await stage.run(['network', 'create', '--subnet', '10.149.0.0/24', 'one']);
      await stage.run(['run', '-d', '--name', 'owner', '--network', 'one', '--ip', '10.149.0.9', ...LONG]);
      const look = 'run --rm --network container:owner busybox sh -c';
      const addresses = 'hostname -i; ip -o -4 addr show eth0 | cut -d" " -f7';
      await stage.run([...words(look), addresses]);
      await stage.run(['restart', '-t', '0', 'owner']);
      await stage.run([...words(look), addresses]);
      await stage.all('stop -t 0 owner', 'run --rm --network container:owner busybox true');
      await stage.run(['run', '--rm', '--network', 'container:owner', '-p', '80:80', 'busybox', 'true']);
      for (const more of [['--dns', '1.2.3.4'], ['--add-host', 'a:1.2.3.4'], ['--expose', '80'], ['-P']])
        await stage.run(['run', '--rm', '--network', 'container:owner', ...more, 'busybox', 'true']);
    },
  },
];

playScenes(scenes, undefined, { bridge: true });
