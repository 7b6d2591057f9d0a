import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  embeddedResolverFile,
  hostnameFile,
  hostResolverPath,
  hostsFile,
  parseExtraHost,
  resolverFile,
  searchesFirst,
} from './files.ts';

const hosts = {
  hostname: 'web',
  domainname: '',
  addresses: ['172.17.0.2'],
  extraHosts: [],
  hostGateway: '172.17.0.1',
  ipv6Loopback: false,
};
const resolver = { host: '', dns: [], search: [], options: [], onHostNetwork: false };

test('the hosts file names loopback and the container', () => {
  assert.equal(hostsFile(hosts), '127.0.0.1\tlocalhost\n172.17.0.2\tweb\n');
});

test('with a domain the full name stands before the short one', () => {
  assert.equal(
    hostsFile({ ...hosts, domainname: 'example.org' }),
    '127.0.0.1\tlocalhost\n172.17.0.2\tweb.example.org web\n',
  );
});

test('the IPv6 names are there when the container has ::1', () => {
  assert.match(
    hostsFile({ ...hosts, ipv6Loopback: true }),
    /\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\n/,
  );
});

test('extra hosts stand before the own name, and host-gateway becomes an address', () => {
  const extraHosts = ['db:10.0.0.5', 'six=[2001:db8::1]', 'host.docker.internal:host-gateway'];
  assert.equal(
    hostsFile({ ...hosts, extraHosts }),
    '127.0.0.1\tlocalhost\n10.0.0.5\tdb\n2001:db8::1\tsix\n172.17.0.1\thost.docker.internal\n172.17.0.2\tweb\n',
  );
});

for (const [text, message] of [
  ['nothing', 'bad format for add-host: "nothing"'],
  [':10.0.0.1', 'bad format for add-host: ":10.0.0.1"'],
  ['a b:10.0.0.1', 'bad format for add-host: "a b:10.0.0.1"'],
  ['db:10.0.0', 'invalid IP address in add-host: "10.0.0"'],
  ['db:10.0.0.1\n6.6.6.6\tbank', 'invalid IP address in add-host: "10.0.0.1\\n6.6.6.6\\tbank"'],
] as const)
  test(`the extra host ${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => parseExtraHost(text), { kind: 'invalid', message });
  });

test('the resolver file takes what the host has and a container can reach', () => {
  const host =
    'domain ignored.example\nsearch a.example b.example # ours\nnameserver 127.0.0.1\nnameserver 10.1.1.1\nnameserver fe80::1\noptions ndots:2\noptions rotate\n';
  assert.equal(
    resolverFile({ ...resolver, host }),
    'nameserver 10.1.1.1\nsearch a.example b.example\noptions ndots:2 rotate\n',
  );
});

test('public servers stand in when the host asks only itself', () => {
  const host = 'nameserver 127.0.0.1\nnameserver ::1\n';
  assert.equal(resolverFile({ ...resolver, host }), 'nameserver 8.8.8.8\nnameserver 8.8.4.4\n');
});

test('on the host network its own servers are kept', () => {
  assert.equal(
    resolverFile({ ...resolver, host: 'nameserver 127.0.0.53\n', onHostNetwork: true }),
    'nameserver 127.0.0.53\n',
  );
});

test('what was asked for replaces what the host has', () => {
  const host = 'nameserver 10.1.1.1\nsearch a.example\noptions ndots:2\n';
  assert.equal(
    resolverFile({
      ...resolver,
      host,
      dns: ['127.0.0.1', '2001:db8::53'],
      search: ['z.example'],
      options: ['timeout:1', 'use-vc'],
    }),
    'nameserver 127.0.0.1\nnameserver 2001:db8::53\nsearch z.example\noptions timeout:1 use-vc\n',
  );
  assert.equal(resolverFile({ ...resolver, host, search: ['.'] }), 'nameserver 10.1.1.1\noptions ndots:2\n');
});

for (const [what, wrong] of [
  ['a name server with a line end', { dns: ['1.1.1.1\nsearch evil.example'] }],
  ['a name for a name server', { dns: ['dns.example'] }],
  ['a scoped address', { dns: ['fe80::1%eth0'] }],
  ['a search domain with a space', { search: ['a b'] }],
  ['a search domain with a comment', { search: ['a#b'] }],
  ['an option with a line end', { options: ['ndots:1\nnameserver 6.6.6.6'] }],
] as const)
  test(`${what} is refused`, () => {
    assert.throws(() => resolverFile({ ...resolver, ...wrong }), { kind: 'invalid' });
  });

test('no input adds a line of its own', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (hostname, extra, option) => {
      for (const write of [
        () => [hostsFile({ ...hosts, hostname }), 2],
        () => [hostsFile({ ...hosts, extraHosts: [extra] }), 3],
        () => [resolverFile({ ...resolver, options: [option] }), 3],
        () => [hostnameFile(hostname), 1],
      ] as const) {
        let made: readonly (string | number)[];
        try {
          made = write();
        } catch {
          continue; // refused: nothing is written
        }
        assert.equal(String(made[0]).split('\n').length - 1, made[1]);
        assert.doesNotMatch(String(made[0]), /\0|\r/);
      }
    }),
  );
});

for (const [what, input, text] of [
  ['nothing asked for', {}, 'search lan\noptions ndots:0\n'],
  ['servers of its own', { dns: ['1.2.3.4'] }, 'search lan\noptions ndots:0\n'],
  [
    'domains and options',
    { search: ['a.b'], options: ['timeout:1'] },
    'search a.b\noptions timeout:1 ndots:0\n',
  ],
  ['dots of its own', { options: ['ndots:2'] }, 'search lan\noptions ndots:2\n'],
  ['dots that are none', { options: ['ndots:x', 'rotate'] }, 'search lan\noptions rotate ndots:0\n'],
] as const)
  test(`on a user network, with ${what}, the file names our server alone, as dockerd does`, () => {
    const made = embeddedResolverFile({
      ...{ host: 'nameserver 9.9.9.9\nsearch lan\n', dns: [], search: [], options: [] },
      ...input,
    });
    assert.equal(made, `nameserver 127.0.0.11\n${text}`);
  });

test('a resolver tries search domains first where ndots is above zero', () => {
  for (const [options, first] of [
    ['ndots:0', false],
    ['ndots:1', true],
    ['timeout:1', false],
  ] as const)
    assert.equal(searchesFirst(`options ${options}\n`), first);
});

test('on a user network a server, domain or option that could add a line is refused', () => {
  const input = { host: '', dns: [], search: [], options: [] };
  for (const wrong of [{ dns: ['1.1.1.1\nx'] }, { search: ['a b'] }, { options: ['a\nb'] }])
    assert.throws(() => embeddedResolverFile({ ...input, ...wrong }), { kind: 'invalid' });
});

test('behind systemd-resolved the servers are in its own file', () => {
  assert.equal(hostResolverPath('nameserver 127.0.0.53\n'), '/run/systemd/resolve/resolv.conf');
  assert.equal(hostResolverPath('nameserver 127.0.0.53\nnameserver 10.0.0.1\n'), '/etc/resolv.conf');
  assert.equal(hostResolverPath(''), '/etc/resolv.conf');
});

for (const [hostname, domainname, names] of [
  ['web', '', 'web'],
  ['web.example.org', '', 'web.example.org web'],
  ['web', 'example.org', 'web.example.org web'],
  ['web.eu', 'example.org', 'web.eu.example.org web'],
] as const)
  test(`${hostname} of ${JSON.stringify(domainname)} stands in hosts as ${names}`, () => {
    const text = hostsFile({
      hostname,
      domainname,
      addresses: ['10.0.0.2'],
      extraHosts: [],
      hostGateway: '',
      ipv6Loopback: true,
    });
    assert.equal(text.trim().split('\n').at(-1), `10.0.0.2\t${names}`);
  });
