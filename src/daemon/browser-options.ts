/** Which pages of browsers may use the API, and by which names it is called. */
import { InvalidArgument } from '../base/errors.ts';
import type { Values } from './settings.ts';

/** What the settings `api-cors-header`, `api-enable-cors` and `api-hosts` say. */
export interface BrowserOptions {
  /** Origins whose pages may use the API; `*`: all. */
  readonly apiOrigins: '*' | readonly string[];
  /** Names that clients use for this machine, beside its own. */
  readonly apiHosts: readonly string[];
}

/** @throws InvalidArgument, one line that names the setting */
export function readBrowserOptions(values: Values): BrowserOptions {
  const header = (values.get('api-cors-header') ?? '') as string; // its kind was checked when it was read
  return {
    apiOrigins: header === '' ? (values.get('api-enable-cors') === true ? '*' : []) : readOrigins(header),
    apiHosts: ((values.get('api-hosts') ?? []) as readonly string[]).map(readName),
  };
}

function readOrigins(header: string): BrowserOptions['apiOrigins'] {
  const origins = header.split(',').map((each) => each.trim());
  if (origins.length === 1 && origins[0] === '*') return '*';
  // As a browser writes it: without a path, in lower case. Nothing else is ever equal to what one sends.
  const wrong = origins.find((each) => !/^[a-z][a-z\d+.-]*:\/\/[^\s/?#@A-Z]+$/.test(each));
  if (wrong !== undefined)
    throw new InvalidArgument(
      `api-cors-header ${JSON.stringify(wrong)}: not an origin such as https://console.example.com, nor *`,
    );
  return origins;
}

function readName(given: string): string {
  if (!/^[a-z\d_]([\w.-]*[a-z\d_])?$/i.test(given))
    throw new InvalidArgument(`api-host ${JSON.stringify(given)}: not the name of a host (without a port)`);
  return given.toLowerCase();
}
