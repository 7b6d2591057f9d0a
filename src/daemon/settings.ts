/** Every setting of the daemon as data: its key in daemon.json, its flags, its form. Documentation is checked against it. */
import { InvalidArgument } from '../base/errors.ts';

/** The form of a setting's value. */
export type SettingKind = 'text' | 'boolean' | 'integer' | 'list' | 'map' | 'records';
/** The value of a setting, as a file or a flag gives it. */
export type SettingValue =
  | string
  | boolean
  | number
  | readonly string[]
  | Readonly<Record<string, unknown>>
  | readonly Readonly<Record<string, unknown>>[];
/** Values by key, of one source (the flags, or the file). */
export type Values = ReadonlyMap<string, SettingValue>;

/** One setting of the daemon. */
export interface Setting {
  readonly key: string;
  /** As commander reads it; the long name stands last. Undefined: only in the file. */
  readonly flags: string | undefined;
  /** Further spellings, kept for old command lines (`-g, --graph`) and old files. */
  readonly aliases: readonly string[];
  readonly kind: SettingKind;
  readonly help: string;
  /** Turns one `NAME=VALUE` of the command line into the file's form of the value. Only for maps. */
  readonly entry?: (value: string, name: string) => unknown;
}

const setting = (
  kind: SettingKind,
  key: string,
  flags: string | undefined,
  help: string,
  more: Partial<Pick<Setting, 'aliases' | 'entry'>> = {},
): Setting => ({ key, flags, kind, help, aliases: [], ...more });

/** `SOFT[:HARD]`, as --default-ulimit has it. */
function ulimitEntry(value: string, name: string): unknown {
  const parts = /^(-?\d+)(?::(-?\d+))?$/.exec(value);
  if (!parts) throw new InvalidArgument(`--default-ulimit ${name}=${value}: not SOFT[:HARD]`);
  return { Name: name, Soft: Number(parts[1]), Hard: Number(parts[2] ?? parts[1]) };
}

/** `DRIVER=OPTION=VALUE`, as --default-network-opt has it. */
function networkOptionEntry(value: string, name: string): unknown {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgument(`--default-network-opt ${name}=${value}: not DRIVER=OPTION=VALUE`);
  return { [value.slice(0, at)]: value.slice(at + 1) };
}

export const settings: readonly Setting[] = [
  setting(
    'list',
    'hosts',
    '-H, --host <address>',
    'listen here: unix://PATH, tcp://ADDRESS:PORT, fd:// (repeatable)',
  ),
  setting(
    'text',
    'group',
    '-G, --group <name>',
    'group that owns the unix socket (default: docker, if it exists)',
  ),
  setting('boolean', 'tls', '--tls [boolean]', 'TLS on tcp:// addresses'),
  setting(
    'boolean',
    'tlsverify',
    '--tlsverify [boolean]',
    'TLS, and only clients of the authority are let in',
  ),
  setting('text', 'tlscacert', '--tlscacert <file>', 'authority of clients (default: ~/.docker/ca.pem)'),
  setting('text', 'tlscert', '--tlscert <file>', "the daemon's certificate (default: ~/.docker/cert.pem)"),
  setting('text', 'tlskey', '--tlskey <file>', 'its private key (default: ~/.docker/key.pem)'),
  setting(
    'text',
    'api-cors-header',
    '--api-cors-header <origins>',
    'origins whose pages may use the API in a browser, with commas between; *: all',
  ),
  setting('boolean', 'api-enable-cors', '--api-enable-cors [boolean]', 'the same as --api-cors-header=*'),
  setting(
    'list',
    'api-hosts',
    '--api-host <name>',
    "name by which clients reach TCP sockets, beside this machine's own (repeatable)",
  ),
  setting('text', 'data-root', '--data-root <dir>', 'where images and containers live', {
    aliases: ['-g', '--graph'],
  }),
  setting('text', 'exec-root', '--exec-root <dir>', 'where what dies with the boot lives'),
  setting('text', 'pidfile', '-p, --pidfile <file>', "file for the daemon's process id"),
  setting('boolean', 'debug', '-D, --debug [boolean]', 'log at level debug'),
  setting('text', 'log-level', '-l, --log-level <level>', 'debug, info, warn, error or fatal'),
  setting(
    'boolean',
    'openapi',
    '--openapi [boolean]',
    'OpenAPI documents at /openapi.json and /v1.N/openapi.json',
  ),
  setting('list', 'labels', '--label <key=value>', 'label of this engine, shown by info (repeatable)'),
  setting('map', 'runtimes', '--add-runtime <name=path>', 'a further OCI runtime (repeatable)', {
    entry: (path) => ({ path }),
  }),
  setting('text', 'default-runtime', '--default-runtime <name>', 'runtime of containers that name none'),
  setting('text', 'storage-driver', '-s, --storage-driver <name>', 'overlay2, the only one'),
  setting('text', 'bridge', '-b, --bridge <name>', 'bridge of the default network; none: no default network'),
  setting('text', 'bip', '--bip <cidr>', "default bridge's address and subnet, 172.17.0.1/16 for example"),
  setting('text', 'bip6', '--bip6 <cidr>', 'the same of IPv6'),
  setting(
    'text',
    'fixed-cidr',
    '--fixed-cidr <cidr>',
    'part of that subnet which containers get addresses of',
  ),
  setting('text', 'fixed-cidr-v6', '--fixed-cidr-v6 <cidr>', 'the same of IPv6'),
  setting(
    'text',
    'default-gateway',
    '--default-gateway <address>',
    'way out of the default network (default: the bridge)',
  ),
  setting('text', 'default-gateway-v6', '--default-gateway-v6 <address>', 'the same of IPv6'),
  setting('boolean', 'ipv6', '--ipv6 [boolean]', 'IPv6 on the default network'),
  setting('integer', 'mtu', '--mtu <bytes>', "largest packet of containers' networks"),
  setting('text', 'ip', '--ip <address>', 'where ports are published that name no address'),
  setting(
    'boolean',
    'icc',
    '--icc [boolean]',
    'containers of the default network reach each other, not by links alone',
  ),
  setting('boolean', 'ip-masq', '--ip-masq [boolean]', "containers reach the world under the host's address"),
  setting('boolean', 'ip-forward', '--ip-forward [boolean]', 'packets are forwarded when needed'),
  setting('boolean', 'iptables', '--iptables [boolean]', 'firewall rules, by nftables'),
  setting('boolean', 'ip6tables', '--ip6tables [boolean]', 'the same of IPv6'),
  setting(
    'records',
    'default-address-pools',
    '--default-address-pool <base=cidr,size=bits>',
    'where subnets of networks come from (repeatable)',
  ),
  setting(
    'map',
    'default-network-opts',
    '--default-network-opt <driver=option=value>',
    'option of every network of a driver (repeatable)',
    { entry: networkOptionEntry },
  ),
  setting(
    'text',
    'published-ports',
    '--published-ports <policy>',
    "open, or host-policy: for whom the host's own input rules let in",
  ),
  setting('boolean', 'userland-proxy', '--userland-proxy [boolean]', 'accepted: there is no proxy'),
  setting('text', 'userland-proxy-path', '--userland-proxy-path <file>', 'accepted: there is no proxy'),
  setting(
    'map',
    'default-ulimits',
    '--default-ulimit <name=soft[:hard]>',
    'limit of every container (repeatable)',
    {
      entry: ulimitEntry,
    },
  ),
  setting('list', 'exec-opts', '--exec-opt <name=value>', 'native.cgroupdriver=cgroupfs or systemd'),
  setting(
    'text',
    'cgroup-parent',
    '--cgroup-parent <name>',
    'control group, or slice, that containers lie in',
  ),
  setting(
    'integer',
    'cpu-rt-period',
    '--cpu-rt-period <microseconds>',
    'period of the real-time budget of all containers',
  ),
  setting('integer', 'cpu-rt-runtime', '--cpu-rt-runtime <microseconds>', 'what of that period they may use'),
  setting('text', 'default-shm-size', '--default-shm-size <bytes>', 'size of /dev/shm: 64m for example'),
  setting('text', 'default-ipc-mode', '--default-ipc-mode <mode>', 'private or shareable'),
  setting('text', 'default-cgroupns-mode', '--default-cgroupns-mode <mode>', 'private or host'),
  setting(
    'text',
    'seccomp-profile',
    '--seccomp-profile <file>',
    "containers' system-call filter: a file, builtin or unconfined",
  ),
  setting(
    'boolean',
    'no-new-privileges',
    '--no-new-privileges [boolean]',
    'no container gains rights by set-id programs',
  ),
  setting('boolean', 'init', '--init [boolean]', 'an init as process 1 of every container'),
  setting('text', 'init-path', '--init-path <file>', 'that init (default: docker-init or tini)'),
  setting(
    'list',
    'cdi-spec-dirs',
    '--cdi-spec-dir <directory>',
    'where CDI devices are described (repeatable)',
  ),
  setting(
    'text',
    'userns-remap',
    '--userns-remap <user[:group]>',
    "whose subordinate ids containers have in place of the host's: a user, a number, or default",
  ),
  setting('list', 'dns', '--dns <address>', 'name server of containers (repeatable)'),
  setting('list', 'dns-opts', '--dns-opt <option>', 'option of the resolver in containers (repeatable)'),
  setting('list', 'dns-search', '--dns-search <domain>', 'search domain in containers (repeatable)'),
  setting(
    'text',
    'log-driver',
    '--log-driver <name>',
    "where containers' output goes: json-file (default), local, none, syslog, journald or gelf",
  ),
  setting('map', 'log-opts', '--log-opt <name=value>', 'option of the log driver (repeatable)', {
    entry: (value) => value,
  }),
  setting('list', 'registry-mirrors', '--registry-mirror <url>', 'mirror to ask first (repeatable)'),
  setting(
    'list',
    'insecure-registries',
    '--insecure-registry <host>',
    'registry allowed without TLS (repeatable)',
  ),
  setting(
    'text',
    'http-proxy',
    '--http-proxy <url>',
    'proxy to registries without TLS (default $HTTP_PROXY)',
  ),
  setting(
    'text',
    'https-proxy',
    '--https-proxy <url>',
    'proxy to registries with TLS (default $HTTPS_PROXY)',
  ),
  setting('text', 'no-proxy', '--no-proxy <hosts>', 'hosts reached without a proxy (default $NO_PROXY)'),
  setting(
    'integer',
    'max-concurrent-downloads',
    '--max-concurrent-downloads <count>',
    'blobs that all pulls fetch at a time (default 3)',
  ),
  setting(
    'integer',
    'max-concurrent-uploads',
    '--max-concurrent-uploads <count>',
    'layers that one push sends at a time (default 5)',
  ),
  setting(
    'map',
    'builder',
    undefined,
    'build cache: {"gc": {"enabled": true, "defaultKeepStorage": "20GB"}} (default 20GB, at most a tenth of the disk)',
  ),
  setting('integer', 'shutdown-timeout', '--shutdown-timeout <seconds>', 'time for open requests at the end'),
  setting('boolean', 'live-restore', '--live-restore [boolean]', 'always on: containers outlive the daemon'),
];

/** Settings of dockerd that Gantry does not have, with the reason that a user reads. */
export const refused: Readonly<Record<string, string>> = {
  'selinux-enabled': 'SELinux labels are not there yet',
  'authorization-plugins': 'plugins are not there yet',
  containerd: 'Gantry has no containerd',
};

/** The long flag that sets a setting (`--host`), for messages. */
export const flagOf = (one: Setting): string => /--[a-z0-9-]+/.exec(one.flags ?? '')?.[0] ?? one.key;

/**
 * Turns what the command line brought for one setting into the file's form.
 * @throws InvalidArgument naming the flag
 */
export function valueFromFlag(one: Setting, given: readonly string[]): SettingValue {
  const last = given[given.length - 1] ?? '';
  switch (one.kind) {
    case 'text':
      return last;
    case 'list':
      return given;
    case 'integer':
      if (!/^-?\d{1,15}$/.test(last)) throw new InvalidArgument(`${flagOf(one)} ${last}: not a whole number`);
      return Number(last);
    case 'boolean':
      if (!/^(true|false|1|0)$/i.test(last))
        throw new InvalidArgument(`${flagOf(one)} ${last}: not true or false`);
      return /^(true|1)$/i.test(last);
    case 'map':
      return given.map((each) => mapEntry(one, each)).reduce(withEntry, {});
    case 'records':
      return given.map((each) => Object.fromEntries(each.split(',').map((part) => mapEntry(one, part))));
    default:
      return one.kind satisfies never;
  }
}

/** Parts of one value may come one by one. */
function withEntry(
  all: Readonly<Record<string, unknown>>,
  [name, value]: readonly [string, unknown],
): Record<string, unknown> {
  const before = all[name];
  const merges = typeof before === 'object' && typeof value === 'object';
  return { ...all, [name]: merges ? { ...before, ...value } : value };
}

function mapEntry(one: Setting, text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgument(`${flagOf(one)} ${text}: not NAME=VALUE`);
  const name = text.slice(0, at);
  const value = text.slice(at + 1);
  return [name, one.entry === undefined ? value : one.entry(value, name)];
}
