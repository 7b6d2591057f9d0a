import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSysctls } from './sysctls.ts';

const read = (text: string) => parseSysctls({ 'com.docker.network.endpoint.sysctls': text });

test('kernel settings of an interface are read, several with commas', () => {
  assert.deepEqual(read('net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.ifname.accept_ra=2'), {
    sysctls: [
      { area: 'ipv4', group: 'conf', name: 'log_martians', value: '1' },
      { area: 'ipv6', group: 'conf', name: 'accept_ra', value: '2' },
    ],
    problems: [],
  });
  assert.deepEqual(parseSysctls({}), { sysctls: [], problems: [] });
});

for (const text of [
  'net.ipv4.conf.eth0.log_martians=1',
  'net.ipv4.conf.IFNAME.log_martians',
  'net.core.conf.IFNAME.x=1',
  'kernel.ipv4.conf.IFNAME.x=1',
  'net.ipv4.../../.IFNAME.x=1',
  'net.ipv4.conf.IFNAME.../../../x=1',
  'net.ipv4.conf.IFNAME.x=1\n2',
  'net.ipv4.conf.IFNAME.x.y=1',
])
  test(`${JSON.stringify(text)} is no kernel setting of an interface`, () => {
    const { sysctls, problems } = read(text);
    assert.deepEqual(sysctls, []);
    assert.match(problems.join(), /^unrecognised network interface sysctl/);
  });
