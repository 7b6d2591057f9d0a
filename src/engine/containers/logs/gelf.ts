/** Where a container's GELF messages go and how they are packed, read from its log options. Pure. */
import { logFailure } from '../../../model/failures/log.ts';
import { brief, type LogOptionMap } from '../../../model/log-options.ts';
import type { GelfTarget } from '../../../runtime/index.ts';

/** What the options of the gelf driver say. */
export type GelfSettings = Pick<GelfTarget, 'address' | 'compression' | 'level'>;

const COMPRESSIONS = ['gzip', 'zlib', 'none'] as const;
/** zlib's own: fast, and small enough. */
const DEFAULT_LEVEL = 1;
const LEVEL_MAX = 9;
const PORT_MAX = 65_535;

/** @throws InvalidArgument in dockerd's words */
export function readGelf(options: LogOptionMap): GelfSettings {
  const address = readAddress(options['gelf-address'] ?? '');
  const type = options['gelf-compression-type'];
  const level = options['gelf-compression-level'];
  if (address.is !== 'udp' && (type !== undefined || level !== undefined)) throw logFailure.gelfCompression();
  for (const name of ['gelf-tcp-max-reconnect', 'gelf-tcp-reconnect-delay']) {
    const said = options[name];
    if (said === undefined) continue;
    if (address.is !== 'tcp') throw logFailure.gelfTcpOnly({ name });
    if (!/^\+?\d{1,9}$/.test(said)) throw logFailure.gelfNotPositive({ name });
  }
  return { address, compression: readCompression(type ?? 'gzip'), level: readLevel(level) };
}

function readCompression(said: string): GelfTarget['compression'] {
  const found = COMPRESSIONS.find((each) => each === said);
  if (found) return found;
  throw logFailure.gelfValueUnknown({ name: 'gelf-compression-type', value: brief(said) });
}

function readLevel(said: string | undefined): number {
  if (said === undefined) return DEFAULT_LEVEL;
  const level = /^[+-]?\d{1,2}$/.test(said) ? Number(said) : Number.NaN;
  if (level >= -1 && level <= LEVEL_MAX) return level;
  throw logFailure.gelfValueUnknown({ name: 'gelf-compression-level', value: brief(said) });
}

function readAddress(text: string): GelfTarget['address'] {
  if (text === '') throw logFailure.gelfNoAddress();
  const [, scheme, six, name, port] =
    /^([a-z]+):\/\/(?:\[([0-9a-fA-F:.%]+)\]|([^:/?#@[\]]*)):(\d{1,5})\/?$/i.exec(text) ?? [];
  const said = (scheme ?? text.split('://', 1)[0] ?? '').toLowerCase();
  if (said !== 'udp' && said !== 'tcp') throw logFailure.gelfScheme();
  if (port === undefined || Number(port) > PORT_MAX) throw logFailure.gelfNoPort();
  return { is: said, host: six ?? (name || 'localhost'), port: Number(port) };
}
