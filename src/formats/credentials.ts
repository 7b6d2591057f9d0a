/** Who we are at a registry, as `X-Registry-Auth` and its kin say it. */

import { InvalidArgument } from '../base/errors.ts';
import { isObject } from '../base/schema.ts';
import { requestFailure } from '../model/failures/request.ts';

/** What a client gave for a registry, by the kind of it. */
export type Credentials =
  | { readonly is: 'password'; readonly username: string; readonly password: string }
  /** Exchanged for an access token at the registry's token server. */
  | { readonly is: 'identity'; readonly username: string; readonly token: string }
  /** Shown to the registry as it is. */
  | { readonly is: 'bearer'; readonly token: string };

/** Names and secrets longer than this are nobody's. */
const SECRET_MAX = 64 << 10;

/**
 * From the members of an `AuthConfig` in any letter case; undefined: none, anonymous.
 * @throws InvalidArgument for what could forge a header
 */
export function readCredentials(given: Readonly<Record<string, unknown>>): Credentials | undefined {
  const member = (name: string): string => {
    const [, value] = Object.entries(given).find(([key]) => key.toLowerCase() === name) ?? [];
    if (value === undefined || value === null) return '';
    if (typeof value !== 'string' || value.length > SECRET_MAX)
      throw new InvalidArgument(`invalid X-Registry-Auth header: ${name} is no text`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
    if (/[\u0000-\u001f\u007f]/.test(value))
      throw new InvalidArgument(`invalid X-Registry-Auth header: ${name} has a control character in it`);
    return value;
  };
  if (member('registrytoken') !== '') return { is: 'bearer', token: member('registrytoken') };
  if (member('identitytoken') !== '')
    return { is: 'identity', username: member('username'), token: member('identitytoken') };
  const [user, password] = member('auth') === '' ? ['', ''] : splitAuth(member('auth'));
  const username = member('username') || user;
  if (username === '' && member('password') === '') return undefined;
  return { is: 'password', username, password: member('password') || password };
}

/** `auth` of old clients: base64 of `name:password`. */
function splitAuth(auth: string): [string, string] {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? ['', ''] : [text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, '')];
}

/** Headers of credentials are small; Node bounds a head anyway. */
const HEADER_MAX = 64 << 10;

/**
 * `X-Registry-Auth`: URL-safe (or any) base64 of an AuthConfig. Undefined: none was sent, or nobody in particular.
 * @throws InvalidArgument when it cannot be read
 */
export function readAuthHeader(header: string | undefined): Credentials | undefined {
  if (header === undefined || header === '') return undefined;
  const given =
    header.length > HEADER_MAX ? undefined : objectIn(Buffer.from(header, 'base64').toString('utf8'));
  if (given === undefined) throw requestFailure.credentialsUnreadable();
  return readCredentials(given);
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Credentials in a body of JSON, as the first clients sent them with a push. @throws InvalidArgument */
export function readAuthBody(body: Buffer): Credentials | undefined {
  const given = objectIn(body.toString('utf8'));
  if (given === undefined) throw requestFailure.credentialsMissing();
  return readCredentials(given);
}

/** Node bounds a head to this; credentials for many registries are no more. */
const CONFIG_MAX = 1 << 20;

/**
 * `X-Registry-Config`: base64 of an AuthConfig for each registry, by what the client calls it; below 1.19 in `configs`.
 * What cannot be read is none. @throws InvalidArgument for what could forge a header
 */
export function readConfigHeader(header: string | undefined): ReadonlyMap<string, Credentials> {
  const given =
    header === undefined || header.length > CONFIG_MAX
      ? undefined
      : objectIn(Buffer.from(header, 'base64').toString('utf8'));
  const found = new Map<string, Credentials>();
  for (const [registry, login] of Object.entries(configsIn(given ?? {}))) {
    const credentials = isObject(login) ? readCredentials(login) : undefined;
    if (credentials !== undefined) found.set(registry, credentials);
  }
  return found;
}

/** A registry called `configs` would have texts where the older form has logins. */
function configsIn(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { configs } = given;
  return isObject(configs) && Object.values(configs).every(isObject) ? configs : given;
}
