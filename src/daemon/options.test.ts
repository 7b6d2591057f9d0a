/** Settings become options: defaults, every check, one line for each mistake. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from '../base/errors.ts';
import { findOnPath, optionsFrom } from './options.ts';
import type { SettingValue } from './settings.ts';

const from = (values: Record<string, SettingValue>) => optionsFrom(new Map(Object.entries(values)));
const runtimes = { test: { path: '/opt/test', runtimeArgs: ['--x'] } };

test('without any setting everything has its documented default', () => {
  const options = from({});
  assert.deepEqual(options.hosts, [{ kind: 'unix', path: '/var/run/docker.sock' }]);
  assert.equal(options.group, undefined);
  assert.deepEqual(
    [options.dataRoot, options.execRoot, options.pidFile],
    ['/var/lib/gantry', '/var/run/gantry', '/var/run/gantry.pid'],
  );
  assert.deepEqual(
    [options.logLevel, options.logDriver, options.mtu, options.shutdownTimeoutMs],
    ['info', 'json-file', 1500, 15_000],
  );
  assert.ok(options.runtimes.has(options.defaultRuntime));
});

const read: readonly [Record<string, SettingValue>, string, unknown][] = [
  [{ debug: true, 'log-level': 'error' }, 'logLevel', 'debug'],
  [{ 'log-level': 'warn' }, 'logLevel', 'warn'],
  [{}, 'openApi', true],
  [{ openapi: false }, 'openApi', false],
  [{ 'data-root': 'some/dir' }, 'dataRoot', `${process.cwd()}/some/dir`],
  [{ labels: ['a=1', 'b=2', 'a=1'] }, 'labels', ['a=1', 'b=2']],
  [
    { 'default-ulimits': { nofile: { Name: 'nofile', Soft: 64, Hard: 128 } } },
    'defaultUlimits',
    new Map([['nofile', { soft: 64, hard: 128 }]]),
  ],
  [{ 'default-ulimits': { core: { Soft: 0 } } }, 'defaultUlimits', new Map([['core', { soft: 0, hard: 0 }]])],
  [{ dns: ['9.9.9.9', '2620:fe::fe'] }, 'dns', ['9.9.9.9', '2620:fe::fe']],
  [{ 'dns-search': ['example.org', '.'] }, 'dnsSearch', ['example.org', '.']],
  [{ 'registry-mirrors': ['https://mirror.example'] }, 'registryMirrors', ['https://mirror.example/']],
  [
    { 'insecure-registries': ['localhost:5000', '10.0.0.0/8'] },
    'insecureRegistries',
    ['localhost:5000', '10.0.0.0/8'],
  ],
  [
    { 'http-proxy': 'p:1', 'https-proxy': 'http://u:p@q', 'no-proxy': 'x,y' },
    'proxies',
    { http: 'p:1', https: 'http://u:p@q', none: 'x,y' },
  ],
  [{ 'api-enable-cors': true }, 'apiOrigins', '*'],
  [{ 'api-enable-cors': false }, 'apiOrigins', []],
  [{ 'api-cors-header': '*' }, 'apiOrigins', '*'],
  [
    { 'api-enable-cors': true, 'api-cors-header': 'http://a:1, https://b' },
    'apiOrigins',
    ['http://a:1', 'https://b'],
  ],
  [{ 'api-hosts': ['Dind', 'a.example'] }, 'apiHosts', ['dind', 'a.example']],
  [{ 'shutdown-timeout': -1 }, 'shutdownTimeoutMs', undefined],
  [{ runtimes, 'default-runtime': 'test' }, 'defaultRuntime', 'test'],
];
for (const [values, name, expected] of read)
  test(`${JSON.stringify(values)} sets ${name}`, () =>
    assert.deepEqual((from(values) as unknown as Record<string, unknown>)[name], expected));

test('a further runtime keeps its path and arguments', () =>
  assert.deepEqual(from({ runtimes }).runtimes.get('test'), { path: '/opt/test', args: ['--x'] }));

test('a runtime named without a directory is looked up on the PATH', () =>
  assert.equal(from({ runtimes: { x: { path: 'sh' } } }).runtimes.get('x')?.path, findOnPath('sh')));

const wrong: readonly [Record<string, SettingValue>, RegExp][] = [
  [{ hosts: ['tcp://:1', ':1'] }, /host tcp:\/\/127\.0\.0\.1:1: given twice/],
  [{ 'log-level': 'loud' }, /log-level: unknown "loud"/],
  [{ 'data-root': '' }, /data-root: is empty/],
  [{ labels: ['novalue'] }, /label novalue: not KEY=VALUE/],
  [{ labels: ['a=1', 'a=2'] }, /labels a=1 and a=2 contradict/],
  [{ runtimes: { 'b d': { path: '/x' } } }, /runtime b d: not a name/],
  [{ runtimes: { x: {} } }, /runtime x: has no path/],
  [{ runtimes: { x: { path: '/x', runtimeArgs: 'no' } } }, /runtime x: runtimeArgs/],
  [{ 'default-runtime': 'nope' }, /default-runtime: unknown nope/],
  [{ 'storage-driver': 'btrfs' }, /storage-driver: unknown "btrfs" \(know overlay2\)/],
  [{ 'default-ulimits': { files: { Soft: 1, Hard: 1 } } }, /default-ulimit files: unknown/],
  [{ 'default-ulimits': { nofile: { Soft: 2, Hard: 1 } } }, /soft limit exceeds/],
  [{ 'default-ulimits': { nofile: { Soft: -1, Hard: 1 } } }, /soft limit exceeds/],
  [{ 'default-ulimits': { nofile: { Soft: 'x' } } }, /must be whole numbers/],
  [{ dns: ['1.2.3'] }, /dns 1\.2\.3: not an IP address/],
  [{ 'dns-search': ['no good'] }, /dns-search no good/],
  [{ 'log-driver': 'fluentd' }, /log-driver: unknown "fluentd"/],
  [{ 'log-opts': { 'max-size': 5 } }, /log-opts max-size: must be a string/],
  [{ 'https-proxy': 'ftp://u:secret@x' }, /^https-proxy: not the address of an HTTP, HTTPS or SOCKS5 proxy$/],
  [{ 'registry-mirrors': ['ftp://x'] }, /registry-mirror ftp:\/\/x/],
  [{ 'registry-mirrors': ['https://u:p@x'] }, /registry-mirror/],
  [{ 'insecure-registries': ['http://x'] }, /insecure-registry http:\/\/x/],
  [{ 'api-cors-header': 'console.example.com' }, /api-cors-header "console.example.com": not an origin/],
  [{ 'api-cors-header': 'https://a.example/' }, /api-cors-header "https:\/\/a.example\/": not an origin/],
  [{ 'api-cors-header': 'https://a, *' }, /api-cors-header "\*": not an origin/],
  [{ 'api-cors-header': 'null' }, /api-cors-header "null"/],
  [{ 'api-hosts': ['a:2375'] }, /api-host "a:2375": not the name of a host/],
  [{ 'shutdown-timeout': -2 }, /shutdown-timeout -2/],
  [{ 'live-restore': false }, /live-restore cannot be switched off: containers always outlive/],
];
for (const [values, message] of wrong)
  test(`${JSON.stringify(values)} is refused in one line`, () =>
    assert.throws(
      () => from(values),
      (error: Error) =>
        error instanceof InvalidArgument && message.test(error.message) && !error.message.includes('\n'),
    ));

test('the environment names proxies where no setting does, in capitals first', () => {
  const of = (values: [string, string][], environment: Record<string, string>) =>
    optionsFrom(new Map(values), '/nowhere', environment).proxies;
  const environment = {
    HTTP_PROXY: 'upper:1',
    http_proxy: 'lower:1',
    https_proxy: 'lower:2',
    HTTPS_PROXY: '',
  };
  assert.deepEqual(of([], environment), { http: 'upper:1', https: 'lower:2', none: '' });
  assert.equal(of([['http-proxy', 'set:1']], environment).http, 'set:1');
  assert.throws(
    () => of([], { no_proxy: 'x', HTTP_PROXY: 'gopher://x' }),
    /^InvalidArgument: HTTP_PROXY: not the address/,
  );
});

test('without a runtime on the PATH crun stays the default, so that a start can say what is missing', () => {
  assert.equal(findOnPath('no-such-program', '/nowhere'), undefined);
  assert.match(findOnPath('sh', '/nowhere') ?? '', /\/sh$/);
  assert.ok(optionsFrom(new Map(), '/nowhere').runtimes.size > 0);
});
