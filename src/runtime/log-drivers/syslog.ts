/** The syslog driver: to the local daemon, or by unix sockets, UDP, TCP and TLS to another. */
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Datagrams, FirstOf, Stream, Udp } from './channels.ts';
import type { Channel, Wording } from './messages.ts';
import { type Frame, headOf, messageOf, type SyslogFormat } from './syslog-format.ts';

/** Where the syslog daemon listens. */
export type SyslogAddress =
  /** The first of the usual sockets that somebody listens on. */
  | { readonly is: 'local' }
  | { readonly is: 'unix' | 'unixgram'; readonly path: string }
  | { readonly is: 'udp' | 'tcp' | 'tcp+tls'; readonly host: string; readonly port: number };

/** Where messages go, and what stands at the head of each. */
export interface SyslogTarget {
  readonly is: 'syslog';
  readonly address: SyslogAddress;
  readonly facility: number;
  readonly format: SyslogFormat;
  readonly tag: string;
  readonly hostname: string;
  readonly tls: {
    readonly caFile: string | undefined;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
    readonly skipVerify: boolean;
  };
}

const LOCAL_PATHS = ['/dev/log', '/var/run/syslog', '/var/run/log'];

/** Empty lines are no messages. */
export function syslogWording({ format, facility, tag, hostname, address }: SyslogTarget): Wording {
  const frame: Frame = {
    format,
    facility,
    tag,
    hostname,
    pid: process.pid,
    isCounted: address.is === 'tcp+tls',
  };
  return (entry, line) =>
    line.length === 0 ? undefined : messageOf(frame, headOf(frame, entry.stream, entry.at), line);
}

/** The way to the daemon, connected when the first message goes. */
export function syslogChannel({ address, tls }: SyslogTarget): Channel {
  switch (address.is) {
    case 'local':
      return new FirstOf([
        ...LOCAL_PATHS.map((path) => new Datagrams(path)),
        ...LOCAL_PATHS.map((path) => new Stream(() => connectPlain(path))),
      ]);
    case 'unix':
      return new Stream(() => connectPlain(address.path));
    case 'unixgram':
      return new Datagrams(address.path);
    case 'udp':
      return new Udp(address.host, address.port);
    case 'tcp':
      return new Stream(() => connectPlain(address.port, address.host));
    case 'tcp+tls':
      return new Stream(
        () =>
          connectTls({
            host: address.host,
            port: address.port,
            servername: address.host,
            rejectUnauthorized: !tls.skipVerify,
            ca: fileOf(tls.caFile),
            cert: fileOf(tls.certFile),
            key: fileOf(tls.keyFile),
          }),
        'secureConnect',
      );
    default:
      return address satisfies never;
  }
}

const fileOf = (path: string | undefined): Buffer | undefined => (path ? readFileSync(path) : undefined);
