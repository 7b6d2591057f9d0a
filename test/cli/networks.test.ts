/** Networks, as a user of the command line sees them. */
import { playScenes, type Scene, type Stage } from './scenes.ts';

const LONG = ['busybox', 'sleep', '1000'] as const;
const ADDRESSES =
  'inspect -f {{range$n,$e:=.NetworkSettings.Networks}}{{$n}}={{$e.IPAddress}};{{$e.Gateway}};{{end}}';
const inside = (name: string) => [
  'exec',
  name,
  'sh',
  '-c',
  'ip -o -4 addr | cut -d" " -f2,7; ip route | grep default',
];

/** The bridge of a network, on which others stand: the peer has it in a network namespace of its own. */
const WIRE = `gts${process.pid}`;

/** Subnets that were asked for: what engines choose by themselves differs with what the machine has. */
const make = (stage: Stage, name: string, number: number, ...more: readonly string[]) =>
  stage.run(['network', 'create', '--subnet', `10.14${number}.0.0/24`, ...more, name]);

const scenes: readonly Scene[] = [
  {
    title: 'a network is made, listed, shown and removed',
    async play(stage) {
      await make(
        stage,
        'one',
        1,
        '--label',
        'a=b',
        '--attachable',
        '-o',
        'com.docker.network.driver.mtu=1400',
      );
      await stage.run([
        'network',
        'create',
        '--internal',
        '--subnet',
        '10.142.0.0/16',
        '--ip-range',
        '10.142.5.0/24',
        '--gateway',
        '10.142.5.254',
        '--aux-address',
        'router=10.142.5.9',
        'two',
      ]);
      await stage.all(
        'network ls --filter type=custom',
        'network ls --filter type=custom --filter name=wo --format {{.Name}}',
        'network ls --filter label=a --format {{.Name}}',
        'network ls --filter label=a=c --format {{.Name}}',
        'network ls --filter driver=null --format {{.Name}}',
        'network ls --filter driver=host --format {{.Name}}',
        'network ls --filter scope=swarm',
        'network ls --filter dangling=true --format {{.Name}}',
        'network ls --filter type=builtin --format {{.Name}}/{{.Driver}}',
        'network ls --filter nosuch=1',
        'network ls --filter dangling=maybe',
        'network inspect two',
      );
      await stage.run([
        'network',
        'inspect',
        '-f',
        '{{json .Options}}{{json .Labels}}{{.Attachable}}',
        'one',
      ]);
      await stage.run(['network', 'inspect', '-f', '{{.Driver}}{{.Scope}}{{json .IPAM}}', 'none']);
      await stage.all('network rm one two', 'network rm one', 'network inspect one');
    },
  },
  {
    title: 'what no network can be',
    async play(stage) {
      await make(stage, 'one', 1);
      await stage.all(
        'network create one',
        'network create host',
        'network create default',
        'network create --driver host x',
        'network create --driver overlay x',
        'network create --scope swarm x',
        'network create --subnet 10.141.0.0/25 x',
        'network create --subnet 10.143.0.0/24 --gateway 10.144.0.1 x',
        'network create --config-from nosuch x',
        'network rm bridge',
        'network rm none',
        'network rm nosuch',
      );
    },
  },
  {
    title: 'a configuration is taken over, and stays while others use it',
    async play(stage) {
      await stage.all(
        'network create --config-only --subnet 10.145.0.0/24 conf',
        'network create --config-from conf user',
        'network inspect -f {{.Driver}}{{.ConfigOnly}}{{.ConfigFrom.Network}} conf user',
        'network create --config-from conf --label a=b x',
        'network rm conf',
        'run --rm --network conf busybox true',
        'network rm user',
        'network rm conf',
      );
    },
  },
  {
    title: 'containers have the addresses and names that they ask for, and keep them',
    async play(stage) {
      await make(stage, 'one', 1);
      await stage.run([
        'run',
        '-d',
        '--name',
        'web',
        '--network',
        'one',
        '--ip',
        '10.141.0.77',
        '--network-alias',
        'al',
        ...LONG,
      ]);
      await stage.run(inside('web'));
      await stage.all(`${ADDRESSES} web`, 'restart -t 0 web', `${ADDRESSES} web`);
      await stage.run(['run', '-d', '--name', 'thief', '--network', 'one', '--ip', '10.141.0.77', ...LONG]);
      await stage.run(['run', '--rm', '--network', 'one', 'busybox', 'cat', '/etc/resolv.conf']);
      await stage.all(
        'network inspect -f {{range.Containers}}{{.Name}}={{.IPv4Address}}{{end}} one',
        'network rm one',
        'ps -a --filter network=one --format {{.Names}}',
        'rm -f web thief',
        'network rm one',
      );
    },
  },
  {
    title: 'containers join and leave networks while they run and while they do not',
    async play(stage) {
      await make(stage, 'one', 1);
      await make(stage, 'two', 2);
      await stage.run(['run', '-d', '--name', 'web', '--network', 'one', ...LONG]);
      await stage.run(['create', '--name', 'later', '--network', 'one', ...LONG]);
      await stage.all(
        'network connect --ip 10.142.0.9 --alias x two web',
        'network connect two later',
        'network connect two web',
      );
      await stage.run(inside('web'));
      await stage.run(['exec', 'web', 'grep', '^10', '/etc/hosts']);
      await stage.all(`${ADDRESSES} web`, 'network disconnect one web', 'network disconnect one web');
      await stage.run(inside('web'));
      await stage.run(['exec', 'web', 'grep', '^10', '/etc/hosts']);
      await stage.all(
        'start later',
        `${ADDRESSES} later`,
        'network disconnect two later',
        'network disconnect one later',
      );
      await stage.run(inside('later'));
      await stage.all(
        'network connect nosuch web',
        'network connect one nosuch',
        'network connect host web',
        'network connect --ip 9.9.9.9 one web',
        'network connect --alias x bridge web',
        'network disconnect -f one nosuch',
        'network disconnect two web',
        `${ADDRESSES} web`,
        'network prune -f',
      );
    },
    differences: [
      {
        why: 'a container that leaves one network keeps the lines of its others in /etc/hosts; dockerd takes all of them',
        gantry: [/(\$ docker exec web grep \^10 \/etc\/hosts\n)10\.142\.0\.9\t<3>\n\[0\]/, '$1[1]'],
      },
    ],
  },
  {
    title: 'containers of a network find each other by name, in both directions',
    async play(stage) {
      const join = (name: string, address: string, ...more: readonly string[]) =>
        stage.run(['run', '-d', '--name', name, '--network', 'one', '--ip', address, ...more, ...LONG]);
      await make(stage, 'one', 1);
      await join('web', '10.141.0.11', '--network-alias', 'al', '-h', 'host1');
      await join('db', '10.141.0.12', '--network-alias', 'al', '--link', 'web:linked');
      const ask = (name: string, type = 'a') =>
        stage.run(['exec', 'db', 'sh', '-c', `nslookup -type=${type} ${name} | sort`]);
      for (const name of ['web', 'WEB', 'web.one', 'host1', 'al', 'linked']) await ask(name);
      for (const type of ['aaaa', 'mx']) await ask('web', type);
      await ask('11.0.141.10.in-addr.arpa', 'ptr');
      await stage.all('rename web www');
      await ask('www');
      await ask('11.0.141.10.in-addr.arpa', 'ptr');
      await stage.all('rm -f www');
      await ask('al');
    },
  },
  {
    title: 'networks of the host, of nobody and of another container have no others beside them',
    async play(stage) {
      await make(stage, 'one', 1);
      await stage.run(['run', '-d', '--name', 'hosted', '--network', 'host', ...LONG]);
      await stage.run(['run', '-d', '--name', 'alone', '--network', 'none', ...LONG]);
      await stage.run(['run', '-d', '--name', 'guest', '--network', 'container:alone', ...LONG]);
      await stage.all(
        'network connect one hosted',
        'network disconnect host hosted',
        'network connect one alone',
        'network connect one guest',
        'network disconnect one guest',
        'network disconnect none alone',
        'network connect one alone',
        `${ADDRESSES} alone`,
      );
      await stage.run(inside('alone'));
      await stage.run(inside('guest'));
      await stage.run(['run', '--rm', '--network', 'nosuch', 'busybox', 'true']);
    },
  },
  {
    title: 'macvlan and ipvlan networks stand on an interface of the host',
    async play(stage) {
      await make(stage, 'lower', 6, '-o', `com.docker.network.bridge.name=${WIRE}`);
      await stage.run(['run', '-d', '--name', 'holder', '--network', 'lower', ...LONG]);
      await make(stage, 'wired', 7, '-d', 'macvlan', '-o', `parent=${WIRE}`);
      const wired = ['run', '-d', '--network', 'wired'];
      await stage.run([...wired, '--name', 'one', '--ip', '10.147.0.9', '-p', '80', ...LONG]);
      await stage.run([...wired, '--name', 'two', '--ip', '10.147.0.8', ...LONG]);
      await stage.all(`${ADDRESSES} one`, 'port one', 'network ls --filter driver=macvlan');
      await stage.run(inside('one'));
      const { code } = await stage.quietly(['exec', 'two', 'ping', '-c', '1', '-w', '5', 'one']);
      stage.see(`two reaches one: ${code}`);
      await stage.all(
        'network inspect -f {{json.Options}} wired',
        'network rm wired',
        'rm -f one two',
        'network rm wired',
      );
      for (const [driver, ...options] of [
        ['macvlan', 'parent=lo'],
        ['macvlan', `parent=${WIRE}`, 'macvlan_mode=odd'],
        ['macvlan', `parent=${WIRE}.5000`],
        ['ipvlan', 'parent=lo'],
        ['ipvlan', `parent=${WIRE}`, 'ipvlan_mode=l4'],
      ] as const)
        await make(stage, 'never', 8, '-d', driver, ...options.flatMap((each) => ['-o', each]));
    },
  },
];

playScenes(scenes, undefined, { bridge: true });
