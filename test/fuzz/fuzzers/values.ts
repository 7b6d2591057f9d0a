/** Short texts that mean something: names of images, addresses, times, options; and documents of registries and caches. */
import assert from 'node:assert/strict';
import { parseRfc3339, parseUnixSeconds } from '../../../src/base/time.ts';
import { formatHost, parseHost } from '../../../src/daemon/hosts.ts';
import { parseSysctls } from '../../../src/engine/containers/attachments/sysctls.ts';
import { parseLink } from '../../../src/engine/containers/links/parse.ts';
import { readLogSettings } from '../../../src/engine/containers/logs/settings.ts';
import { fillTag } from '../../../src/engine/containers/logs/tag.ts';
import { planMounts } from '../../../src/engine/containers/mounts/mounts.ts';
import { readDeviceRule } from '../../../src/engine/containers/plan/limits.ts';
import { applyChanges } from '../../../src/engine/images/changes.ts';
import { readSubnets } from '../../../src/engine/networks/ipam.ts';
import { parseDetachKeys } from '../../../src/engine/processes/detach-keys.ts';
import { parseSignal } from '../../../src/engine/processes/signals.ts';
import { resolveUser } from '../../../src/engine/processes/user.ts';
import { readDriverOptions } from '../../../src/engine/volumes/driver-options.ts';
import { readCacheConfig } from '../../../src/formats/cache-config.ts';
import { parseChallenges } from '../../../src/formats/challenge.ts';
import { parseGoDuration } from '../../../src/formats/go-duration.ts';
import { parseMoment } from '../../../src/formats/moment.ts';
import * as oci from '../../../src/formats/oci.ts';
import { parsePlatform, readPlatform } from '../../../src/formats/platform.ts';
import { familiarString, parseAnyReference, parseReference } from '../../../src/formats/reference.ts';
import { parseSelectors } from '../../../src/formats/selectors.ts';
import { parseHardwareAddress } from '../../../src/network/addresses/hardware.ts';
import { parseExtraHost, resolverFile } from '../../../src/network/files.ts';
import { formatAddress, parseAddress, parseSubnet } from '../../../src/network/index.ts';
import { readProxy } from '../../../src/registry/proxies.ts';
import { type Fuzzer, inputs, isRefusal, unlessRefused } from '../fuzzer.ts';

const sha = `sha256:${'0123456789abcdef'.repeat(4)}`;

const reference: Fuzzer = {
  name: 'references',
  samples: inputs(
    'busybox',
    'host:5000/a/b:tag',
    `a.b/c@${sha}`,
    `x:1@${sha}`,
    '[::1]:5000/a',
    'docker.io/library/a',
  ),
  words: [
    'a',
    'b1',
    '.',
    '_',
    '__',
    '-',
    '/',
    ':',
    '@',
    '[',
    ']',
    'A',
    ' ',
    sha,
    'docker.io',
    'library',
    'localhost',
    '\xe9',
    '%2f',
  ],
  check(input) {
    const text = input.toString('utf8');
    const read = unlessRefused(() => parseReference(text));
    unlessRefused(() => parseAnyReference(text));
    if (read) assert.deepEqual(parseReference(familiarString(read)), read);
    return read !== undefined;
  },
};

const noMounts = {
  declared: [],
  mountsOf: () => [],
  roots: [],
  readOnlyIsFlat: false,
  canReadOnlyRecursively: true,
};

const isSyntax = (error: unknown): boolean => isRefusal(error) || error instanceof SyntaxError;
const isRefusalOrRange = (error: unknown): boolean => isRefusal(error) || error instanceof RangeError;

/** What reads a short text, and what may come of it. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  host: (text) => formatHost(parseHost(text)),
  address: (text) => assert.deepEqual(parseAddress(formatAddress(parseAddress(text))), parseAddress(text)),
  subnet: (text) => parseSubnet(text),
  ipam: (text) => {
    const [Subnet = '', IPRange = '', Gateway = ''] = text.split(' ');
    return readSubnets([{ Subnet, IPRange, Gateway }], { ipv4: true, ipv6: true, options: {} } as never);
  },
  hardware: (text) => parseHardwareAddress(text),
  extraHost: (text) => parseExtraHost(text),
  resolver: (text) => resolverFile({ host: text, dns: [], search: [], options: [], onHostNetwork: false }),
  proxy: (text) => readProxy(text),
  link: (text) => parseLink(text),
  bind: (text) => planMounts({ Binds: [text] }, noMounts),
  tmpfs: (text) => planMounts({ Tmpfs: { '/t': text } }, noMounts),
  rule: (text) => readDeviceRule(text),
  sysctl: (text) => parseSysctls({ 'com.docker.network.endpoint.sysctls': text }),
  keys: (text) => parseDetachKeys(text),
  signal: (text) => parseSignal(text, 15),
  user: (text) => resolveUser(text, [], { passwd: 'a:x:1:2::/h:', group: 'g:x:3:a' }),
  passwd: (text) => resolveUser('a', [], { passwd: text, group: text }),
  volume: (text) => {
    const [type = '', device = '', o = ''] = text.split(' ');
    return readDriverOptions({ type, device, o } as never);
  },
  platform: (text) => [parsePlatform(text), unlessRefused(() => readPlatform(text))],
  selectors: (text) => parseSelectors(text),
  duration: (text) => {
    const nanos = parseGoDuration(text) ?? 0;
    assert.ok(nanos >= 0 && !Number.isNaN(nanos));
  },
  moment: (text) => [parseMoment(text, 0n), parseRfc3339(text), parseUnixSeconds(text)],
  logSize: (text) => readLogSettings({ Type: 'json-file', Config: { 'max-size': text, 'max-file': '3' } }),
  syslog: (text) => readLogSettings({ Type: 'syslog', Config: { 'syslog-address': text } }),
  gelf: (text) => readLogSettings({ Type: 'gelf', Config: { 'gelf-address': text } }),
  challenge: (text) => assert.ok(parseChallenges(text).length <= text.length),
  changes: (text) => applyChanges({} as never, text.split('\n')),
};
const NAMES = Object.keys(READERS);

const VALUES = [
  ['host', 'unix:///run/x.sock'],
  ['host', 'tcp://[::1]:2375'],
  ['address', 'fd00::1'],
  ['subnet', '10.0.0.1/24'],
  ['ipam', '10.0.0.0/16 10.0.1.0/24 10.0.0.1'],
  ['hardware', '02:42:ac:11:00:02'],
  ['extraHost', 'a=[::1]'],
  ['resolver', 'nameserver 1.1.1.1\nsearch a b\noptions ndots:2\n'],
  ['proxy', 'http://u:p@h:3128'],
  ['link', '/a:/b/c'],
  ['bind', '/a:/b:ro,z,rslave,nocopy'],
  ['tmpfs', 'rw,size=64m,mode=1777,uid=5'],
  ['rule', 'c 10:* rwm'],
  ['sysctl', 'net.ipv4.conf.IFNAME.forwarding=1,net.ipv6.neigh.IFNAME.x=2'],
  ['keys', 'ctrl-p,ctrl-q,a'],
  ['signal', 'SIGRTMIN+3'],
  ['user', '1000:g'],
  ['passwd', 'a:x:4:5:A:/home/a:/bin/sh\n# c\n'],
  ['volume', 'nfs :/a addr=1.2.3.4,rw,noatime'],
  ['platform', 'linux/arm64/v8'],
  ['selectors', 'type==regular,id~=a.*'],
  ['duration', '1h2m3.5s'],
  ['moment', '2026-01-02T03:04:05.6+01:00'],
  ['logSize', '10m'],
  ['syslog', 'udp://[::1]:514'],
  ['gelf', 'tcp://h:12201'],
  ['challenge', 'Bearer realm="https://a/t",service="s, x", Basic realm=b'],
  ['changes', 'ENV A=b\nCMD ["x"]\nEXPOSE 80-82/udp'],
] as const;

/** The first byte says which reader reads the rest. */
const values: Fuzzer = {
  name: 'values of options',
  samples: VALUES.map(([reader, text]) =>
    Buffer.from(String.fromCharCode(NAMES.indexOf(reader)) + text, 'latin1'),
  ),
  words: [
    ...[
      ':',
      '/',
      ',',
      '=',
      '.',
      '-',
      '+',
      '*',
      '@',
      '%',
      '[',
      ']',
      '"',
      ' ',
      '\n',
      '\0',
      '\t',
      '#',
      ';',
      '\xe9',
    ],
    ...[
      '0',
      '1',
      '255',
      '65536',
      '4294967296',
      '1e9',
      '::',
      'ffff',
      'ro',
      'rw',
      'size=',
      'tcp',
      'unix://',
      '../',
      '0x',
      '.5',
      'm',
      'h',
    ],
  ],
  quickRuns: 1500,
  check(input) {
    const name = NAMES[(input[0] ?? 0) % NAMES.length] ?? '';
    const text = input.toString('utf8', 1);
    const read = READERS[name];
    assert.ok(read);
    return (
      unlessRefused(() => ({ is: read(text) }), name === 'moment' ? isSyntax : isRefusalOrRange) !== undefined
    );
  },
};

const tags: Fuzzer = {
  name: 'tags of logs',
  samples: inputs(
    '{{.Name}}/{{ json .Labels | upper }}',
    '{{- join .Args "," -}} x',
    '{{printf "%s-%q" .Name .Name | truncate 4}}',
  ),
  words: [
    '{{',
    '}}',
    '|',
    '.',
    '.Name',
    '.Args',
    '.Labels',
    'json ',
    'join ',
    'split ',
    'printf "%q%s"',
    'pad ',
    '1000 ',
    '"',
    '`',
    '-',
    '/*',
    '*/',
    'index ',
    ' ',
    'print ',
  ],
  check(input) {
    const fields = { Name: 'a"b', Args: ['x', 'y'], Labels: { a: 'b' } };
    const filled = unlessRefused(() => fillTag(input.toString('latin1'), fields));
    // Each of its actions gives no more than 64 KiB.
    if (filled !== undefined) assert.ok(filled.length <= input.length + (input.length / 4) * 65_536);
    return filled !== undefined;
  },
};

const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: sha, size: 3 };
const documents: Fuzzer = {
  name: 'documents of images',
  samples: inputs(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['A=b'], Cmd: ['x'], Labels: { a: 'b' } },
      rootfs: { type: 'layers', diff_ids: [sha] },
      history: [{ created: '2026-01-02T03:04:05Z', created_by: 'x' }, { empty_layer: true }],
    }),
    JSON.stringify({ schemaVersion: 2, config: layer, layers: [layer] }),
    JSON.stringify({
      schemaVersion: 2,
      manifests: [{ ...layer, platform: { os: 'linux', architecture: 'amd64' } }],
    }),
    JSON.stringify([{ Config: 'c.json', RepoTags: ['a:b'], Layers: ['l'] }]),
    JSON.stringify({
      layers: [{ blob: sha, parent: -1 }],
      records: [{ digest: sha, layers: [{ layer: 0 }] }],
    }),
  ),
  words: [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    'null',
    '0',
    '-1',
    '"layers"',
    '"manifests"',
    '"parent":0',
    '"history":[null]',
    '"mediaType"',
    '"inputs":[[{"link":0}]]',
  ],
  check(input) {
    const read = [
      oci.readImageDocument,
      oci.readManifest,
      oci.readIndex,
      oci.readMediaType,
      oci.typeInside,
      oci.readAbout,
      oci.readDockerManifest,
      oci.readRepositories,
    ].map((reader) => unlessRefused(() => ({ is: reader(input) })));
    unlessRefused(() => readCacheConfig(input).blobsOf(sha));
    return read.some((each) => each !== undefined);
  },
};

export const VALUES_OF_OPTIONS: readonly Fuzzer[] = [reference, values, tags, documents];
