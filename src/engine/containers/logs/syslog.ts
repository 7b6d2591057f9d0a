/** Where a container's syslog messages go and how they look, read from its log options. */
import { statSync } from 'node:fs';
import { codeOf } from '../../../base/errors.ts';
import { logFailure } from '../../../model/failures/log.ts';
import { brief, type LogOptionMap } from '../../../model/log-options.ts';
import type { SyslogAddress, SyslogFormat } from '../../../runtime/index.ts';
import { requireAnswers } from '../../answers.ts';

/** What the options of the syslog driver say. */
export interface SyslogSettings {
  readonly address: SyslogAddress;
  /** 0 to 23 (RFC 5424, table 1). */
  readonly facility: number;
  readonly format: SyslogFormat;
  readonly tls: {
    readonly caFile: string | undefined;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
    readonly skipVerify: boolean;
  };
}

/** Names of facilities, each at its number; 12 to 15 have none that every system shares. */
const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  ...['', '', '', ''],
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
];
const DAEMON = 3;
const FACILITY_MAX = 23;
const SYSLOG_PORT = 514;

/** @throws InvalidArgument in dockerd's words */
export function readSyslog(options: LogOptionMap): SyslogSettings {
  const address = readAddress(options['syslog-address'] ?? '');
  const facility = readFacility(options['syslog-facility'] ?? '');
  const format = options['syslog-format'] ?? '';
  if (format !== '' && format !== 'rfc3164' && format !== 'rfc5424' && format !== 'rfc5424micro')
    throw logFailure.syslogFormatInvalid();
  return {
    address,
    facility,
    format,
    tls: {
      caFile: options['syslog-tls-ca-cert'],
      certFile: options['syslog-tls-cert'],
      keyFile: options['syslog-tls-key'],
      skipVerify: options['syslog-tls-skip-verify'] !== undefined,
    },
  };
}

function readFacility(text: string): number {
  if (text === '') return DAEMON;
  const named = FACILITIES.indexOf(text);
  if (named >= 0) return named;
  if (/^[+-]?\d{1,4}$/.test(text) && Number(text) >= 0 && Number(text) <= FACILITY_MAX) return Number(text);
  throw logFailure.syslogFacilityInvalid();
}

function readAddress(text: string): SyslogAddress {
  if (text === '') return { is: 'local' };
  const [, scheme = '', rest = ''] = /^([a-z+]*):\/\/(.*)$/i.exec(text) ?? [];
  if (scheme === 'unix' || scheme === 'unixgram') {
    return { is: scheme, path: rest };
  }
  if (scheme !== 'udp' && scheme !== 'tcp' && scheme !== 'tcp+tls')
    throw logFailure.syslogSchemeUnsupported({ scheme: brief(scheme) });
  const [, six, name, port] = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:/?#@[\]]*))(?::(\d{1,5}))?\/?$/.exec(rest) ?? [];
  const host = six ?? name;
  if (host === undefined || Number(port ?? SYSLOG_PORT) > 65_535)
    throw logFailure.syslogAddressInvalid({ address: brief(rest) });
  return { is: scheme, host: host === '' ? 'localhost' : host, port: Number(port ?? SYSLOG_PORT) };
}

/** @throws InvalidArgument when the messages are for a socket that is not there, Unavailable when its file system hangs */
export async function requireSocket(address: SyslogAddress | undefined): Promise<void> {
  if (address?.is !== 'unix' && address?.is !== 'unixgram') return;
  const { path } = address;
  await requireAnswers([path]);
  try {
    statSync(path);
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'no such file or directory' : String(codeOf(error));
    throw logFailure.socketUnreachable({ path: brief(path), why });
  }
}
