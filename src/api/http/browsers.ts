/**
 * Whom a browser may act for. A page may send a request to any address that its browser reaches, and no password stands
 * before the engine: so the page's origin and the name that it used for the engine are looked at. Programs send neither
 * origins nor foreign names.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { requestFailure } from '../../model/failures/request.ts';
import type { Traits } from '../versions/index.ts';
import type { Arrival } from './arrival.ts';

/** What the operator allows to browsers. */
export interface BrowserPolicy {
  /** Origins whose pages may use the engine; `*`: those of all pages. */
  readonly origins: '*' | readonly string[];
  /** Names of this machine, beside its addresses and `localhost`. */
  readonly names: readonly string[];
}

export const NO_PAGES: BrowserPolicy = { origins: [], names: [] };

/** @throws Forbidden for pages of other origins, and for names that are not the engine's */
export function refuseForeign(
  { headers, headersDistinct, url = '' }: IncomingMessage,
  arrival: Arrival,
  policy: BrowserPolicy,
): void {
  if ((headersDistinct.host?.length ?? 0) > 1) throw requestFailure.hostTwice();
  // A certificate proves the engine's name to browsers, and a unix socket is out of their reach.
  if (arrival.kind === 'tcp' && !arrival.tls)
    for (const host of [headers.host, /^\w+:\/\/([^/?#]*)/.exec(url)?.[1]])
      if (!isOwnName(host, arrival, policy)) throw requestFailure.foreignHost({ host: host ?? '' });
  refuseForeignPage(headers, arrival, policy.origins);
}

/**
 * Whoever owns a DNS name can have it point here, and their pages then have our own origin. Nobody owns an address or
 * `localhost`. The port says nothing: it may have been forwarded.
 */
function isOwnName(said: string | undefined, { host }: Arrival, { names }: BrowserPolicy): boolean {
  // No browser leaves it out; the first command lines did.
  if (said === undefined || said === '') return true;
  const [, address, plain = ''] = /^(?:\[([\da-f:.]+)\]|([^:[\]]+))(?::\d*)?$/i.exec(said) ?? [];
  if (isIP(address ?? plain) !== 0) return true;
  const name = plain.toLowerCase().replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return name !== '' && (name === host?.toLowerCase() || names.some((own) => own.toLowerCase() === name));
}

function refuseForeignPage(
  headers: IncomingHttpHeaders,
  { tls }: Arrival,
  allowed: BrowserPolicy['origins'],
): void {
  if (allowed === '*') return;
  const origin = headers.origin ?? originOf(headers.referer);
  if (origin === undefined) {
    // An image, a link, a form of an old browser: it does not tell its page, but that it is another's.
    const site = headers['sec-fetch-site'];
    if (site !== 'cross-site' && site !== 'same-site') return;
    throw requestFailure.foreignPage({ origin: 'another origin' });
  }
  const own = origin === `https://${headers.host}` || (!tls && origin === `http://${headers.host}`);
  if (!own && !allowed.includes(origin)) throw requestFailure.foreignPage({ origin });
}

const originOf = (referer: string | undefined): string | undefined =>
  referer === undefined ? undefined : (/^\w+:\/\/[^/?#]+/.exec(referer)?.[0] ?? referer);

/**
 * Says on an answer whose pages may read it. Never with credentials: there are none, and a browser's client certificate is
 * not to be lent to every page.
 */
export function allowPages(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { origins }: BrowserPolicy,
  { allowedHeaders, allowedMethods }: Traits,
): void {
  if (origins.length === 0 || allowedMethods === '') return;
  if (Array.isArray(origins) && origins.length > 1) response.setHeader('Vary', 'Origin');
  const origin = origins === '*' || origins.length === 1 ? origins[0] : headers.origin;
  if (origin === undefined || !origins.includes(origin)) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Headers', allowedHeaders);
  response.setHeader('Access-Control-Allow-Methods', allowedMethods);
}
