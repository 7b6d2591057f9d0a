/** The setting `builder` of daemon.json: how much of the disk builds may keep for later ones. */
import { InvalidArgument } from '../base/errors.ts';
import { readSize } from './container-defaults.ts';
import type { SettingValue } from './settings.ts';

/** What the build cache may take. */
export interface BuilderOptions {
  /** Bytes; undefined: as much as there is. Of a small disk a tenth is all. */
  readonly buildCacheBytes: number | undefined;
}

const DEFAULT_BYTES = 20e9;

/** @throws InvalidArgument, one line that names the setting */
export function readBuilder(given: SettingValue | undefined): BuilderOptions {
  const { gc = {}, ...others } = objectOf('builder', given ?? {});
  const { enabled = true, defaultKeepStorage, defaultReservedSpace, ...rest } = objectOf('builder.gc', gc);
  const unknown = [...Object.keys(others), ...Object.keys(rest).map((key) => `gc.${key}`)];
  if (unknown.length > 0) throw new InvalidArgument(`builder: unknown: ${unknown.join(', ')}`);
  if (typeof enabled !== 'boolean') throw new InvalidArgument('builder: gc.enabled must be true or false');
  const said = defaultReservedSpace ?? defaultKeepStorage;
  if (said !== undefined && typeof said !== 'string')
    throw new InvalidArgument('builder: gc.defaultKeepStorage must be a string');
  const bytes = readSize('builder: gc.defaultKeepStorage', said, DEFAULT_BYTES);
  return { buildCacheBytes: enabled ? bytes : undefined };
}

function objectOf(key: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidArgument(`${key} must be an object`);
  return value as Readonly<Record<string, unknown>>; // checked by the line before
}
