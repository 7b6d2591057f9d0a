/** Networks and ports in all the forms that a file may say them. */
import type { Play } from '../play.ts';

const ADDRESSES =
  'ip -o addr show scope global | awk "{print \\$2, \\$4}" | sed "s/eth[0-9]*/eth/" | grep "10.77\\|fd77" | sort';

export const networks: Play = {
  name: 'networks',
  differences: [
    {
      why: 'dockerd 20.10 gives internal networks a default route, which leads to a bridge that drops all; 26 gives none',
      only: 'v1',
      dockerd: [/(?<=grep -c default\n)1\n\[0\]/, '0\n[1]'],
    },
  ],
  async play(stage) {
    await stage.compose('config --services', { sorted: true });
    await stage.compose('up -d proxy'); // the network of the other project is missing yet
    await stage.quietly(['down']); // which of its own it made before it failed, is chance
    await stage.docker('network create --subnet 10.77.9.0/24 company');
    await stage.docker('run -d --name legacy --network company --stop-signal KILL busybox sleep 1000');
    await stage.all('up -d', 'up -d');
    for (const name of [
      'api',
      'api.networks_inside',
      'gate.internal',
      'edge',
      'proxy',
      stage.container('api'),
    ])
      await stage.compose(`exec -T api nslookup -type=a ${name} 127.0.0.11`, { sorted: true });
    for (const name of ['backend', 'oldserver', 'legacy', 'api'])
      await stage.compose(`exec -T worker ping -c 1 -W 5 -q ${name}`, { briefly: true });
    for (const service of ['proxy', 'api', 'aside'])
      await stage.compose(['exec', '-T', service, 'sh', '-c', ADDRESSES]);
    await stage.compose(['exec', '-T', 'api', 'cat', '/sys/class/net/eth0/address']);
    await stage.compose([
      'exec',
      '-T',
      'proxy',
      'sh',
      '-c',
      'cat /sys/class/net/eth*/mtu | sort; hostname -f; hostname -d',
    ]);
    await stage.compose([
      'exec',
      '-T',
      'proxy',
      'sh',
      '-c',
      'grep printer /etc/hosts; grep -c self /etc/hosts; grep -v nameserver /etc/resolv.conf | grep "^[so]"',
    ]);
    await stage.compose([
      'exec',
      '-T',
      'alone',
      'sh',
      '-c',
      'ls /sys/class/net | grep -v -e tunl -e sit -e gre -e ip',
    ]);
    await stage.compose(['exec', '-T', 'api', 'sh', '-c', 'ip route | grep -c default']);
    await stage.facts('containers', 'networks');
    await stage.compose('up -d --force-recreate --no-deps api'); // `aside` has its network, and so its address
    await stage.compose(['exec', '-T', 'api', 'sh', '-c', ADDRESSES]);
    await stage.compose('rm -s -f worker');
    await stage.all('down');
    await stage.docker('rm -f legacy');
    await stage.docker('network rm company');
  },
};

/** Not those of the image. */
const EXPOSED = /"ExposedPorts": \{.*?\n {2}\}/gs;

export const ports: Play = {
  name: 'ports',
  differences: [
    {
      why: 'Compose 2 sends what is exposed as it stands in the file; dockerd keeps the text, Gantry says which ports',
      only: 'v2',
      gantry: [EXPOSED, '"ExposedPorts": {…}'],
      dockerd: [EXPOSED, '"ExposedPorts": {…}'],
    },
    {
      why: 'dockerd takes a row of ports for port 0',
      only: 'v2',
      gantry: [/,\n\s+"91\/tcp",\n\s+"92\/tcp"/, ''],
      dockerd: [/ {2}"0\/tcp",\n/, ''],
    },
    {
      why: 'of several ports that are taken, either names the one that it tried first',
      gantry: [/:481\d\d failed: port/g, ':<port> failed: port'],
      dockerd: [/:481\d\d failed: port/g, ':<port> failed: port'],
    },
  ],
  async play(stage) {
    await stage.all('up -d');
    for (const port of ['82', '83', '84', '86']) await stage.compose(`port short ${port}`);
    await stage.compose('port --protocol udp short 85');
    await stage.compose('port --protocol udp long 53');
    await stage.compose('port hidden 80');
    await stage.facts('containers');
    await stage.compose('exec -T hidden wget -q -O - http://long/none');
    await stage.compose('up -d --scale short=2'); // a port of the host has one owner
    await stage.all('down');
  },
};

export const namespaces: Play = {
  name: 'namespaces',
  async play(stage) {
    await stage.compose('up -d');
    await stage.compose([
      'exec',
      '-T',
      'inspector',
      'sh',
      '-c',
      'wget -q -O - http://localhost/index.html; ps -o args | grep [h]ttpd',
    ]);
    await stage.compose(['exec', '-T', 'app', 'sh', '-c', 'echo kept >/dev/shm/note']);
    await stage.compose('exec -T inspector cat /dev/shm/note');
    await stage.compose([
      'exec',
      '-T',
      'machine',
      'sh',
      '-c',
      'test "$(ls /proc 2>/dev/null | grep -c "^[0-9]")" -gt 5 && echo many',
    ]);
    await stage.facts('containers');
    await stage.compose('restart app');
    await stage.compose('ps -q inspector', { briefly: true });
    await stage.compose('up -d --force-recreate app', { briefly: true });
    await stage.compose('up -d', { briefly: true });
    await stage.compose('exec -T inspector wget -q -O - http://localhost/index.html');
    await stage.all('down');
  },
};
