import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linkVariables } from './variables.ts';

const service = { linkName: '/web/my-db', alias: 'my-db', address: '172.17.0.2', ports: [], env: [] };

test('without ports and variables a link tells its name alone', () => {
  assert.deepEqual(linkVariables(service), ['MY_DB_NAME=/web/my-db']);
});

test('the lowest port is the link’s, TCP before UDP; the other’s variables are told but for HOME and PATH', () => {
  const env = ['FOO=a=b', 'PATH=/bin', 'HOME=/x', 'TAKEN_AWAY', 'LINES=1\n2'];
  assert.deepEqual(linkVariables({ ...service, ports: ['80/tcp', '53/udp', '53/tcp'], env }), [
    'MY_DB_PORT=tcp://172.17.0.2:53',
    'MY_DB_PORT_53_TCP=tcp://172.17.0.2:53',
    'MY_DB_PORT_53_TCP_ADDR=172.17.0.2',
    'MY_DB_PORT_53_TCP_PORT=53',
    'MY_DB_PORT_53_TCP_PROTO=tcp',
    'MY_DB_PORT_53_UDP=udp://172.17.0.2:53',
    'MY_DB_PORT_53_UDP_ADDR=172.17.0.2',
    'MY_DB_PORT_53_UDP_PORT=53',
    'MY_DB_PORT_53_UDP_PROTO=udp',
    'MY_DB_PORT_80_TCP=tcp://172.17.0.2:80',
    'MY_DB_PORT_80_TCP_ADDR=172.17.0.2',
    'MY_DB_PORT_80_TCP_PORT=80',
    'MY_DB_PORT_80_TCP_PROTO=tcp',
    'MY_DB_NAME=/web/my-db',
    'MY_DB_ENV_FOO=a=b',
    'MY_DB_ENV_LINES=1\n2',
  ]);
});

const starts = (ports: readonly string[]) =>
  linkVariables({ ...service, ports }).filter((each) => /_(START|END)=/.test(each));

test('three neighbours and more are told as a range too, two are not', () => {
  assert.deepEqual(starts(['80/tcp', '81/tcp']), []);
  assert.deepEqual(starts(['7/tcp', '82/tcp', '80/tcp', '81/tcp', '99/tcp']), [
    'MY_DB_PORT_80_TCP_START=tcp://172.17.0.2:80',
    'MY_DB_PORT_80_TCP_PORT_START=80',
    'MY_DB_PORT_80_TCP_END=tcp://172.17.0.2:82',
    'MY_DB_PORT_80_TCP_PORT_END=82',
  ]);
});

test('an IPv6 address stands in brackets before a port', () => {
  const told = linkVariables({ ...service, address: 'fd00::2', ports: ['80/tcp'] });
  assert.deepEqual(told.slice(0, 3), [
    'MY_DB_PORT=tcp://[fd00::2]:80',
    'MY_DB_PORT_80_TCP=tcp://[fd00::2]:80',
    'MY_DB_PORT_80_TCP_ADDR=fd00::2',
  ]);
});

test('every port is told once, and every range begins and ends at ports that are there', () => {
  const port = fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom('tcp', 'udp', 'sctp'))
    .map(([number, protocol]) => `${number}/${protocol}`);
  fc.assert(
    fc.property(fc.uniqueArray(port, { maxLength: 60 }), (ports) => {
      const told = linkVariables({ ...service, ports });
      const urls = told.flatMap((each) => {
        const found = /^MY_DB_PORT_\d+_[A-Z]+=(\w+):\/\/172\.17\.0\.2:(\d+)$/.exec(each);
        return found ? [`${found[2]}/${found[1]}`] : [];
      });
      assert.deepEqual(urls.sort(), [...ports].sort());
      for (const each of told.filter((text) => /_(START|END)=\w+:/.test(text))) {
        const [, protocol, number] = /=(\w+):\/\/172\.17\.0\.2:(\d+)$/.exec(each) ?? [];
        assert(ports.includes(`${number}/${protocol}`), each);
      }
    }),
  );
});
