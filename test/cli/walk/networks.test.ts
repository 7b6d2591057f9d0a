/** Networks, with every flag: the peer has a bridge, in a network namespace of its own. */
import assert from 'node:assert/strict';
import { arranged } from '../plain.ts';
import { playScenes, type Scene, type Stage } from '../scenes.ts';
import { made, NEWER_WORDS, words } from './create.ts';

const LONG = ['busybox', 'sleep', '1000'] as const;
const NET = '10.149.0.0/24';
/** Chosen by the engine, otherwise each time. */
const CHOSEN = { Id: '<id>', Created: '<time>', EndpointID: '<id>', NetworkID: '<id>' };

async function shown(stage: Stage, name: string): Promise<void> {
  const { stdout } = await stage.quietly(['network', 'inspect', name]);
  const [network] = JSON.parse(stdout) as [{ IPAM: { Config: { Subnet: string }[] } }];
  network.IPAM.Config.sort((a, b) => (a.Subnet < b.Subnet ? -1 : 1)); // in no order
  stage.see(arranged(JSON.stringify(network), CHOSEN));
}

const scenes: readonly Scene[] = [
  {
    title: 'networks: without IPv4, and which of several leads out',
    alone: 'dockerd 26.1 does not know it: it came with API 1.48',
    async play(stage) {
      await stage.quietly(['network', 'create', '--subnet', NET, 'wire']);
      const six = await stage.run([
        'network',
        'create',
        '--ipv4=false',
        '--ipv6',
        '--subnet',
        'fd00:149::/64',
        'six',
      ]);
      assert.equal(six.code, 0);
      await stage.quietly(['run', '-d', '--name', 'one', ...LONG]);
      assert.equal((await stage.run(['network', 'connect', '--gw-priority', '5', 'wire', 'one'])).code, 0);
      const { stdout } = await stage.run([
        'exec',
        'one',
        'sh',
        '-c',
        'ip route | grep -c "default via 10.149.0.1"',
      ]);
      assert.equal(stdout, '1\n');
    },
  },
  {
    title: 'create and run: what they ask of networks',
    async play(stage) {
      await stage.quietly([
        'network',
        'create',
        '--subnet',
        NET,
        '--ipv6',
        '--subnet',
        'fd00:149::/64',
        'wire',
      ]);
      await made(stage, [
        ...words('--network wire --network-alias other --ip 10.149.0.9 --ip6 fd00:149::9'),
        ...words(
          '--mac-address 02:42:0a:95:00:09 --add-host far:10.9.8.7 --dns 10.1.1.1 --dns-option ndots:2',
        ),
        ...words('--dns-search example --publish 127.0.0.1:28149:80 --expose 81 --hostname box'),
      ]);
      await stage.run([
        ...words('run --rm --network wire --network-alias other --ip 10.149.0.9 --ip6 fd00:149::9'),
        ...words(
          '--mac-address 02:42:0a:95:00:09 --add-host far:10.9.8.7 --dns 10.1.1.1 --dns-option ndots:2',
        ),
        ...words('--dns-search example --hostname box busybox sh -c'),
        'cat /sys/class/net/eth0/address; ip -o addr show eth0 | grep -v fe80 | cut -d" " -f7; grep -v -e "^#" -e "^$" /etc/resolv.conf; grep -E "far|box" /etc/hosts',
      ]);
      await stage.quietly(['run', '-d', '--name', 'far', '--network', 'wire', ...LONG]);
      await stage.run([
        'run',
        '--rm',
        '--network',
        'wire',
        '--link',
        'far:near',
        'busybox',
        'sh',
        '-c',
        'ping -c1 -q near >/dev/null && echo reached',
      ]);
      await stage.run(['run', '--rm', '--network', 'container:far', 'busybox', 'echo', 'ran']);
      await made(stage, words('--network wire --link far:near --link-local-ip 169.254.9.9'));
      await stage.run([...words('run -d --name local --network wire --link-local-ip 169.254.9.9'), ...LONG]);
      await stage.run(['exec', 'local', 'sh', '-c', 'ip -o addr show eth0 | grep -c 169.254.9.9']);
      await stage.run([
        'run',
        '-d',
        '--name',
        'all',
        '--publish-all',
        '--expose',
        '80',
        '-p',
        '127.0.0.1::81',
        ...LONG,
      ]);
      await stage.run(['port', 'all', '99']);
      await made(stage, words('--publish-all --expose 80'));
      await made(stage, [
        '--network',
        'name=wire,alias=more,ip=10.149.0.8,mac-address=02:42:0a:95:00:08,driver-opt=a=b',
      ]);
    },
  },
  {
    title: 'create and run: what no network gives',
    async play(stage) {
      await stage.quietly(['network', 'create', '--subnet', NET, 'wire']);
      for (const flag of [
        ...['--network nosuch', '--network wire --ip 10.1.1.1', '--network wire --ip x', '--ip 10.149.0.9'],
        ...[
          '--network wire --ip6 x',
          '--mac-address x',
          '--add-host x',
          '--dns x',
          '--publish x',
          '--publish 99999:80',
        ],
        ...[
          '--network-alias a',
          '--network host --network-alias a',
          '--link nobody',
          '--network none --publish 80',
        ],
        ...['--network wire --network wire', '--network host --network wire', '--network container:nobody'],
        ...[
          '--network wire --link-local-ip x',
          '--expose x',
          '--network host --mac-address 02:42:0a:95:00:09',
        ],
      ])
        await stage
          .run([...words(`create --name no ${flag} busybox`)])
          .then(() => stage.quietly(['rm', 'no']));
    },
    differences: [
      {
        why: NEWER_WORDS,
        gantry: [/invalid endpoint settings:\n(! .*\n)+/g, 'invalid endpoint settings\n'],
        dockerd: [/invalid endpoint settings:\n(! .*\n)+/g, 'invalid endpoint settings\n'],
      },
    ],
  },
  {
    title: 'network create: every flag',
    async play(stage) {
      await stage.run([
        ...words('network create --attachable --driver bridge --subnet 10.149.0.0/24 --gateway 10.149.0.254'),
        ...words('--ip-range 10.149.0.128/25 --aux-address router=10.149.0.129 --internal --label a=b'),
        ...words(
          '--opt com.docker.network.driver.mtu=1400 --ipam-driver default --ipam-opt x=y --scope local one',
        ),
      ]);
      await shown(stage, 'one');
      await stage.all('network create --ipv6 --subnet fd00:149::/64 --subnet 10.150.0.0/24 two');
      await shown(stage, 'two');
      await stage.all(
        'network create --config-only --subnet 10.151.0.0/24 template',
        'network create --config-from template three',
      );
      await shown(stage, 'three');
      await stage.all(
        'network create --ingress four',
        'network create --driver nosuch four',
        'network create one',
      );
      await stage.all(
        'network create --ipam-driver nosuch four',
        'network create --scope swarm four',
        'network create --driver overlay four',
      );
      await stage.all(
        'network ls --filter type=custom',
        'network ls --quiet --no-trunc --filter type=custom',
      );
      await stage.all(
        'network ls --format {{.Name}}|{{.Driver}}|{{.IPv6}}|{{.Internal}}|{{.Labels}} --filter type=custom',
      );
      await stage.all(
        'network inspect --verbose --format {{.Name}} one',
        'network inspect --verbose --format {{.Name}} one nosuch',
        'network rm one nosuch',
        'network rm --force nosuch',
      );
      await stage.all('network prune --force --filter label=a', 'network prune --force --filter until=24h');
      await stage.run(['network', 'prune'], { input: 'n\n' });
      await stage.run(['network', 'prune', '--force', '--filter', 'nosuch=1']);
      const { stdout } = await stage.quietly(['network', 'prune', '--force']);
      stage.see(stdout.split('\n').sort().join('\n'));
    },
    differences: [
      {
        why: 'newer engines tell the gateway that they chose',
        about: ['network inspect'],
        gantry: [/"Gateway": "(fd00:149::1|10\.150\.0\.1|10\.151\.0\.1)",\s*/g, ''],
      },
      {
        why: 'where plugins are looked for is told',
        gantry: [/could not find plugin nosuch in v1 plugin registry: /, ''],
      },
    ],
  },
  {
    title: 'network connect and disconnect: every flag',
    async play(stage) {
      await stage.quietly([
        'network',
        'create',
        '--subnet',
        NET,
        '--ipv6',
        '--subnet',
        'fd00:149::/64',
        'wire',
      ]);
      await stage.quietly(['run', '-d', '--name', 'far', '--network', 'wire', ...LONG]);
      await stage.quietly(['run', '-d', '--name', 'one', ...LONG]);
      await stage.all(
        'network connect --alias other --ip 10.149.0.9 --ip6 fd00:149::9 --link far:near --link-local-ip 169.254.9.9 --driver-opt a=b wire one',
      );
      const looks =
        '{{with index .NetworkSettings.Networks "wire"}}{{json .IPAMConfig}}{{json .Links}}{{json .DriverOpts}}{{.IPAddress}}{{end}}';
      await stage.run(['inspect', '-f', looks, 'one']);
      await stage.all(
        'network connect wire one',
        'network disconnect --force wire one',
        'network disconnect wire one',
      );
      await stage.all(
        'network connect nosuch one',
        'network connect wire nobody',
        'network disconnect --force wire nobody',
      );
    },
  },
  {
    title: 'rm --link: a link goes, and who had it stays',
    async play(stage) {
      await stage.quietly(['run', '-d', '--name', 'far', ...LONG]);
      await stage.quietly(['run', '-d', '--name', 'one', '--link', 'far:near', ...LONG]);
      await stage.all('inspect -f {{.HostConfig.Links}} one', 'rm --link /one/near');
      await stage.all(
        'inspect -f {{.HostConfig.Links}} one',
        'ps --format {{.Names}}',
        'rm --link /one/near',
      );
    },
  },
];

playScenes(scenes, undefined, { bridge: true, release: 13, since: 28, onDemand: true });
