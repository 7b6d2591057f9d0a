/** Answers a registry's challenge: Basic as it is, Bearer by a token server's token, kept while it lasts. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { Failed, messageOf } from '../base/errors.ts';
import { type Challenge, parseChallenges } from '../formats/challenge.ts';
import type { Credentials } from '../formats/credentials.ts';
import { NoCredentials } from './failure.ts';
import { isLocalLiteral } from './settings.ts';
import { type Answer, expectStatus, patiently, readWhole, type Transport } from './transport.ts';

const TOKEN_BYTES_MAX = 1 << 20;
/** What a token lasts when its server does not say (distribution's token specification). */
const LIFETIME_DEFAULT_S = 60;
/** Renewed so long before its end: clocks and transfers take time. */
const MARGIN_S = 10;
const TOKENS_KEPT_MAX = 1000;

interface Kept {
  readonly authorization: string;
  readonly until: number;
}

/** How authorizations were got at one address. */
export class Tokens {
  readonly #transport: Transport;
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;

  constructor(transport: Transport, now: () => number = () => performance.now()) {
    this.#transport = transport;
    this.#now = now;
  }

  /** What served for the same scopes and the same user before, while it lasts. */
  known(scopes: readonly string[], credentials: Credentials | undefined): string | undefined {
    if (credentials?.is === 'bearer') return `Bearer ${credentials.token}`;
    const kept = this.#kept.get(keyOf(scopes, credentials));
    return kept && kept.until > this.#now() ? kept.authorization : undefined;
  }

  forget(scopes: readonly string[], credentials: Credentials | undefined): void {
    this.#kept.delete(keyOf(scopes, credentials));
  }

  /** The `Authorization` that answers a refusal of `base`. @throws Failed, RegistryError */
  async answer(
    refused: Answer,
    base: URL,
    scopes: readonly string[],
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const challenges = parseChallenges(refused.headers('www-authenticate'));
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer) return this.#bearer(bearer, base, scopes, credentials, signal);
    if (!challenges.some(({ scheme }) => scheme === 'basic')) {
      await expectStatus(refused); // throws with the registry's words
    }
    if (credentials?.is !== 'password') throw new NoCredentials();
    return this.#keep(scopes, credentials, basic(credentials), Number.POSITIVE_INFINITY);
  }

  #keep(
    scopes: readonly string[],
    credentials: Credentials | undefined,
    authorization: string,
    until: number,
  ): string {
    if (this.#kept.size >= TOKENS_KEPT_MAX) this.#kept.clear();
    this.#kept.set(keyOf(scopes, credentials), { authorization, until });
    return authorization;
  }

  async #bearer(
    { parameters }: Challenge,
    base: URL,
    scopes: readonly string[],
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const realm = readRealm(parameters.get('realm') ?? '', base);
    const service = parameters.get('service') ?? '';
    const trusted = credentials !== undefined && maySeeSecrets(realm, base) ? credentials : undefined;
    if (credentials !== undefined && trusted === undefined)
      throw new Failed(
        `the registry ${base.host} wants its password shown to ${realm.host}, which is somebody else: refused`,
      );
    const { token, seconds } = await patiently(signal, () =>
      this.#fetch(realm, service, scopes, trusted, signal),
    );
    const until = this.#now() + Math.max(1, seconds - MARGIN_S) * 1000;
    return this.#keep(scopes, credentials, `Bearer ${token}`, until);
  }

  async #fetch(
    realm: URL,
    service: string,
    scopes: readonly string[],
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<{ token: string; seconds: number }> {
    const answer =
      credentials?.is === 'identity'
        ? await this.#transport.send({
            method: 'POST',
            url: realm,
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: new URLSearchParams({
              grant_type: 'refresh_token',
              refresh_token: credentials.token,
              client_id: 'gantry',
              service,
              scope: scopes.join(' '),
            }).toString(),
            signal,
          })
        : await this.#transport.send({
            method: 'GET',
            url: asking(realm, service, scopes, credentials),
            headers: credentials?.is === 'password' ? { authorization: basic(credentials) } : {},
            signal,
          });
    return readToken(await readWhole(await expectStatus(answer, 200), TOKEN_BYTES_MAX));
  }
}

function asking(
  realm: URL,
  service: string,
  scopes: readonly string[],
  credentials: Credentials | undefined,
): URL {
  const url = new URL(realm);
  if (service !== '') url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credentials?.is === 'password') url.searchParams.set('account', credentials.username);
  return url;
}

function readToken(bytes: Buffer): { token: string; seconds: number } {
  const { token, access_token, expires_in } = parse(bytes);
  const text = token || access_token;
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text))
    throw new Failed('authorization server did not include a token in the response');
  return { token: text, seconds: typeof expires_in === 'number' ? expires_in : LIFETIME_DEFAULT_S };
}

function parse(bytes: Buffer): Record<string, unknown> {
  try {
    return (JSON.parse(bytes.toString('utf8')) ?? {}) as Record<string, unknown>;
  } catch (error) {
    throw new Failed(`unable to decode token response: ${messageOf(error)}`);
  }
}

const basic = ({ username, password }: { username: string; password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** Secrets never stand in a map's keys. */
function keyOf(scopes: readonly string[], credentials: Credentials | undefined): string {
  const who =
    credentials === undefined ? '' : createHash('sha256').update(JSON.stringify(credentials)).digest('hex');
  return `${who} ${[...scopes].sort().join(' ')}`;
}

/** @throws Failed for a realm that nobody may be sent to */
function readRealm(text: string, base: URL): URL {
  let realm: URL;
  try {
    realm = new URL(text);
  } catch {
    throw new Failed(`invalid token auth challenge realm: ${JSON.stringify(text.slice(0, 200))}`);
  }
  const downgrade = base.protocol === 'https:' && realm.protocol !== 'https:';
  if (downgrade || !['http:', 'https:'].includes(realm.protocol) || realm.username !== '')
    throw new Failed(
      `the registry ${base.host} names a token server that is refused: ${realm.protocol}//${realm.host}`,
    );
  if (isLocalLiteral(realm.host) && !isLocalLiteral(base.host))
    throw new Failed(
      `the registry ${base.host} names a token server on this machine (${realm.host}): refused`,
    );
  return realm;
}

/**
 * A password goes to the registry's own host, or to one of the same owner by name: `auth.docker.io` for
 * `registry-1.docker.io`, `gitlab.com` for `registry.gitlab.com`.
 */
function maySeeSecrets(realm: URL, base: URL): boolean {
  if (realm.hostname === base.hostname) return true;
  if (isIP(base.hostname) !== 0 || isIP(realm.hostname) !== 0) return false;
  const owner = (host: string): string => {
    const labels = host.toLowerCase().split('.');
    // `example.co.uk`: a short second level below a country belongs to many.
    const deep = (labels.at(-1) ?? '').length === 2 && (labels.at(-2) ?? '').length <= 3;
    const wanted = deep ? 3 : 2;
    return labels.length < wanted ? '' : labels.slice(-wanted).join('.');
  };
  return owner(base.hostname) !== '' && owner(base.hostname) === owner(realm.hostname);
}
