/** daemon.json: the same settings as the flags, by the keys that dockerd uses. */
import { readFileSync } from 'node:fs';
import { codeOf, InvalidArgument, messageOf } from '../base/errors.ts';
import { flagOf, refused, type Setting, type SettingValue, settings, type Values } from './settings.ts';

export const DEFAULT_CONFIG_FILE = '/etc/gantry/daemon.json';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

const form = {
  text: { is: (value: unknown) => typeof value === 'string', name: 'a string' },
  boolean: { is: (value: unknown) => typeof value === 'boolean', name: 'true or false' },
  integer: { is: (value: unknown) => Number.isSafeInteger(value), name: 'a whole number' },
  list: { is: isTextList, name: 'a list of strings' },
  map: { is: isRecord, name: 'an object' },
  records: {
    is: (value: unknown) => Array.isArray(value) && value.every(isRecord),
    name: 'a list of objects',
  },
} as const;

const byKey = new Map<string, Setting>(
  settings.flatMap((one) => [
    [one.key, one] as const,
    ...one.aliases.filter((alias) => alias.startsWith('--')).map((alias) => [alias.slice(2), one] as const),
  ]),
);

const PROXY_KEYS = ['http-proxy', 'https-proxy', 'no-proxy'];

/** Reads the text of a configuration file. @throws InvalidArgument naming the file and what is wrong in it */
export function parseConfig(text: string, file: string): Values {
  const parsed = parseJson(text, file);
  if (!isRecord(parsed)) throw new InvalidArgument(`${file}: not a JSON object`);
  const given = withProxies(parsed, file);
  const unknown = Object.keys(given).filter((key) => !byKey.has(key));
  for (const key of unknown) {
    const reason = refused[key];
    if (reason !== undefined) throw new InvalidArgument(`${file}: ${key}: ${reason}`);
  }
  if (unknown.length > 0)
    throw new InvalidArgument(
      `${file}: unknown ${unknown.length > 1 ? 'keys' : 'key'}: ${unknown.join(', ')}`,
    );
  const values = new Map<string, SettingValue>();
  for (const [key, value] of Object.entries(given)) {
    const one = byKey.get(key)!; // unknown keys were refused above
    if (!form[one.kind].is(value))
      throw new InvalidArgument(`${file}: ${key} must be ${form[one.kind].name}`);
    if (values.has(one.key)) throw new InvalidArgument(`${file}: ${key} and ${one.key} are the same setting`);
    values.set(one.key, value as SettingValue); // checked by the line before
  }
  return values;
}

/** dockerd's file keeps the proxies' settings in an object of their own. */
function withProxies(
  { proxies = {}, ...rest }: Record<string, unknown>,
  file: string,
): Record<string, unknown> {
  if (!isRecord(proxies)) throw new InvalidArgument(`${file}: proxies must be an object`);
  const unknown = Object.keys(proxies).filter((key) => !PROXY_KEYS.includes(key));
  if (unknown.length > 0) throw new InvalidArgument(`${file}: unknown in proxies: ${unknown.join(', ')}`);
  return { ...rest, ...proxies };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text.trim() === '' ? '{}' : text);
  } catch (error) {
    throw new InvalidArgument(`${file}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Reads a configuration file. `path` undefined: the default one, which may be absent.
 * @throws InvalidArgument when it cannot be read or something in it is wrong
 */
export function readConfig(path: string | undefined): Values {
  const file = path ?? DEFAULT_CONFIG_FILE;
  try {
    return parseConfig(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && path === undefined) return new Map();
    if (codeOf(error) !== undefined) throw new InvalidArgument(`${file}: ${codeOf(error)}`, { cause: error });
    throw error;
  }
}

/** The values of both sources. @throws InvalidArgument when one setting comes from both, as dockerd has it */
export function merge(flags: Values, file: Values): Values {
  const twice = settings.filter((one) => flags.has(one.key) && file.has(one.key));
  if (twice.length > 0) {
    const each = twice.map(
      (one) => `${flagOf(one)} (flag: ${shown(flags.get(one.key))}, file: ${shown(file.get(one.key))})`,
    );
    throw new InvalidArgument(`given both as a flag and in the configuration file: ${each.join(', ')}`);
  }
  return new Map([...file, ...flags]);
}

/** Without the password that a proxy's address may have. */
const shown = (value: SettingValue | undefined): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).replace(/\/\/[^/]*@/g, '//xxxxx:xxxxx@');
