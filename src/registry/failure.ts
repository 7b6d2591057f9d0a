/** What goes wrong with a registry, in the words that Docker's clients know. */
import { STATUS_CODES } from 'node:http';
import { codeOf, Failed, messageOf } from '../base/errors.ts';

/** A registry's own refusal (OCI distribution specification, "Error Codes"). */
export class RegistryError extends Failed {
  readonly status: number;
  /** `MANIFEST_UNKNOWN`, `DENIED`, …; '' when the answer had none. */
  readonly reason: string;
  constructor(message: string, status: number, reason: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** The registry wants a password, and there is none. */
export class NoCredentials extends Failed {
  constructor() {
    super('no basic auth credentials');
  }
}

/** The registry cannot go on with a blob where it was asked to: it must be asked for from the start. */
export class Unresumable extends Failed {}

/** The registry could not be spoken to at all. */
export class Unreachable extends Failed {
  /** Another way of speaking (plain HTTP, another address) may still work: nothing secret was sent. */
  readonly beforeHttp: boolean;
  constructor(message: string, options: { readonly cause: unknown; readonly beforeHttp: boolean }) {
    super(message, { cause: options.cause });
    this.beforeHttp = options.beforeHttp;
  }
}

/** Longest words of a registry that are passed on. */
const MESSAGE_MAX = 300;

/** The first error of a body of errors; otherwise the status, never the page that came with it. */
export function refusal(status: number, body: string): RegistryError {
  const [code, message] = firstError(body);
  if (code !== '') {
    const known = code.toLowerCase().replaceAll('_', ' ');
    return new RegistryError(`${known}: ${message || known}`, status, code);
  }
  if (status === 401)
    return new RegistryError('unauthorized: authentication required', status, 'UNAUTHORIZED');
  if (status === 403)
    return new RegistryError('denied: requested access to the resource is denied', status, 'DENIED');
  const name = STATUS_CODES[status];
  return new RegistryError(`received unexpected HTTP status: ${status}${name ? ` ${name}` : ''}`, status, '');
}

function firstError(body: string): [code: string, message: string] {
  try {
    const { errors, details } = JSON.parse(body) as {
      errors?: { code?: unknown; message?: unknown }[];
      details?: unknown;
    };
    const { code, message } = errors?.[0] ?? {};
    if (typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code)) return [code, printable(message)];
    if (typeof details === 'string') return ['UNAUTHORIZED', printable(details)]; // as token servers answer
  } catch {
    // a page, or nothing
  }
  return ['', ''];
}

const printable = (text: unknown): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
  typeof text === 'string' ? text.slice(0, MESSAGE_MAX).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ') : '';

const TLS_WORDS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'x509: certificate signed by unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'x509: certificate signed by unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'x509: certificate signed by unknown authority',
  CERT_HAS_EXPIRED: 'x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'x509: certificate has expired or is not yet valid',
};

/** A call as Go names it in its errors. */
export const asCall = (method: string, { origin, pathname }: URL): string =>
  `${method[0]}${method.slice(1).toLowerCase()} "${origin}${pathname}"`;

/** A failed connection, by a `proxy` perhaps, told as Go tells it: clients look for these words. */
export function unreachable(method: string, url: URL, error: unknown, proxy?: URL): Unreachable {
  const { words, beforeHttp } = explain(error, url, proxy);
  return new Unreachable(`${asCall(method, url)}: ${words}`, { cause: error, beforeHttp });
}

function explain(error: unknown, url: URL, proxy: URL | undefined): { words: string; beforeHttp: boolean } {
  const refusedBy = proxy && proxyRefusal(error);
  if (refusedBy) return { words: refusedBy, beforeHttp: true };
  const code = codeOf(error) ?? '';
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  const peer = proxy ?? url;
  const { address = peer.hostname, port = peer.port } = (inner ?? {}) as { address?: string; port?: unknown };
  const dialled = proxy ? 'proxyconnect tcp: dial tcp' : 'dial tcp';
  const dial = `${dialled} ${address}:${port || (peer.protocol === 'https:' ? 443 : 80)}`;
  if (code === 'ECONNREFUSED') return { words: `${dial}: connect: connection refused`, beforeHttp: true };
  if (code === 'EHOSTUNREACH') return { words: `${dial}: connect: no route to host`, beforeHttp: true };
  if (code === 'ENETUNREACH') return { words: `${dial}: connect: network is unreachable`, beforeHttp: true };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return { words: `${dialled}: lookup ${peer.hostname}: no such host`, beforeHttp: true };
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
    return { words: `${dial}: i/o timeout`, beforeHttp: true };
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return { words: 'the registry stopped answering', beforeHttp: false };
  if (/wrong version number|packet length too long/i.test(messageOf(error)))
    return { words: 'http: server gave HTTP response to HTTPS client', beforeHttp: true };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return {
      words: `tls: failed to verify certificate: x509: certificate is not valid for ${url.hostname}`,
      beforeHttp: true,
    };
  if (TLS_WORDS[code] !== undefined)
    return { words: `tls: failed to verify certificate: ${TLS_WORDS[code]}`, beforeHttp: true };
  if (['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(code)) return { words: 'EOF', beforeHttp: false };
  return { words: messageOf(error), beforeHttp: false };
}

/** The proxy was reached and does not let us through: nothing went further. Undici tells it by a text alone. */
function proxyRefusal(error: unknown): string | undefined {
  const text = messageOf(error);
  const status = Number(/^Proxy response \((\d+)\)/.exec(text)?.[1] ?? /\((407)\)$/.exec(text)?.[1]);
  return status > 0 ? `the proxy refuses: ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd() : undefined;
}
