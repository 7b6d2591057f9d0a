/** TLS before the API: handshakes, and who is let in. Only a daemon with TLS loads this file, and Node's TLS with it. */
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  createSecureContext,
  createServer,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from 'node:tls';
import { InvalidArgument, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { HANDSHAKE_TIMEOUT_MS } from './limits.ts';

/** What TLS is done with, in PEM form, checked. */
export interface Certificates {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Authorities whose clients are let in, and no others, the system's least of all; undefined: everybody is. */
  readonly clientAuthorities: Buffer | undefined;
}

/** TLS for the listeners that want it, by certificates that may be renewed while it serves. */
export class Secure {
  readonly #log: Log;
  readonly #handshakeTimeoutMs: number;
  readonly #doors = new Set<Server>();
  #certificates: Certificates;

  /** @throws InvalidArgument when OpenSSL does not take them */
  constructor(certificates: Certificates, log: Log, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS) {
    this.#certificates = accepted(certificates);
    this.#handshakeTimeoutMs = handshakeTimeoutMs;
    this.#log = log;
  }

  /**
   * Connections from now on are made by these; open ones go on. Whether clients need certificates stays as it is.
   * @throws InvalidArgument when OpenSSL does not take them; the old ones stay
   */
  renew(certificates: Certificates): void {
    this.#certificates = accepted(certificates);
    for (const door of this.#doors) door.setSecureContext(contextOf(certificates));
  }

  /** Where raw connections go in; `take` gets those whose handshake has succeeded, and whose client is let in. */
  door(take: (socket: TLSSocket) => void): (socket: Socket) => void {
    const server = createServer({
      ...contextOf(this.#certificates),
      requestCert: this.#certificates.clientAuthorities !== undefined,
      rejectUnauthorized: true,
      handshakeTimeout: this.#handshakeTimeoutMs,
      // Clients end their side of a stream and go on reading, under TLS too.
      allowHalfOpen: true,
      ALPNProtocols: ['http/1.1'],
    });
    const callers = new Map<string, Socket>();
    server.on('secureConnection', (socket) => take(socket.ref()));
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ERR_SSL_HTTP_REQUEST') callers.get(callerOf(socket))?.write(WANTS_TLS);
      const { authorizationError, remoteAddress } = socket;
      const reason = authorizationError ? `client certificate: ${authorizationError}` : messageOf(error);
      this.#log.info('tls.refused', { from: remoteAddress, reason });
      // Node leaves one whose time is over to us.
      socket.destroy();
    });
    this.#doors.add(server);
    return (socket) => {
      const caller = callerOf(socket);
      callers.set(caller, socket);
      socket.once('close', () => callers.get(caller) === socket && callers.delete(caller));
      // The end of the daemon does not wait for half a handshake.
      server.emit('connection', socket.unref());
    };
  }
}

/** Tells a connection and its TLS apart from others: when a handshake fails, Node has only the latter to show. */
const callerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** For who forgot TLS, in dockerd's words and form. */
const WANTS_TLS = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';

/**
 * Every connection proves itself anew: a resumed session would be let in by what was true before, an authority that was
 * taken away since, a certificate that has expired since. And no client makes us shake hands again and again.
 */
const OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

function accepted(certificates: Certificates): Certificates {
  try {
    createSecureContext(contextOf(certificates));
    return certificates;
  } catch (error) {
    throw new InvalidArgument(`tlscert and tlskey cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

const contextOf = ({ cert, key, clientAuthorities }: Certificates): SecureContextOptions => ({
  cert,
  key,
  // Without a list of its own Node would take the well-known authorities.
  ca: clientAuthorities ?? [],
  minVersion: 'TLSv1.2',
  secureOptions: OPTIONS,
});
