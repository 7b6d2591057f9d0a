/** A certificate authority of a test's own, by openssl: for servers and clients, good ones and bad ones. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a certificate is for, and what is wrong with it. */
export interface Wish {
  readonly usage?: 'serverAuth' | 'clientAuth';
  /** -1: it has expired. */
  readonly days?: number;
  readonly names?: string;
}

/** A certificate and its key, as files. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** An authority that lives in a directory. */
export class Authority {
  readonly #directory: string;
  /** Its own certificate. */
  readonly ca: string;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
    this.ca = this.#at('ca.pem');
    const own = ['-x509', '-days', '2', '-subj', '/CN=Authority of a test'];
    this.#openssl('req', ...own, ...NEW_KEY, '-keyout', this.#at('ca-key.pem'), '-out', this.ca);
  }

  /** Issues a certificate under a name of its own. */
  issue(name: string, { usage, days = 2, names }: Wish = {}): Pair {
    const [key, request, cert] = [
      this.#at(`${name}-key.pem`),
      this.#at(`${name}.csr`),
      this.#at(`${name}.pem`),
    ];
    this.#openssl('req', '-subj', `/CN=${name}`, ...NEW_KEY, '-keyout', key, '-out', request);
    const extensions = [
      ...(usage ? [`extendedKeyUsage=${usage}`] : []),
      ...(names ? [`subjectAltName=${names}`] : []),
    ];
    writeFileSync(this.#at('extensions'), `basicConstraints=CA:FALSE\n${extensions.join('\n')}\n`);
    this.#openssl(
      ...['x509', '-req', '-in', request, '-out', cert, '-days', String(days), '-CAcreateserial'],
      ...['-CA', this.ca, '-CAkey', this.#at('ca-key.pem'), '-extfile', this.#at('extensions')],
    );
    chmodSync(key, 0o600);
    return { cert, key };
  }

  /** For `localhost` and loopback. */
  server = (name = 'server', wish: Wish = {}): Pair =>
    this.issue(name, { usage: 'serverAuth', names: 'DNS:localhost,IP:127.0.0.1', ...wish });

  client = (name = 'client', wish: Wish = {}): Pair => this.issue(name, { usage: 'clientAuth', ...wish });

  #at = (name: string): string => join(this.#directory, name);
  #openssl = (...argv: string[]) => execFileSync('openssl', argv, { stdio: 'pipe' });
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** What the docker command line reads of $DOCKER_CERT_PATH. */
export function certPath(directory: string, ca: string, pair?: Pair): string {
  mkdirSync(directory, { recursive: true });
  copyFileSync(ca, join(directory, 'ca.pem'));
  if (pair) copyFileSync(pair.cert, join(directory, 'cert.pem'));
  if (pair) copyFileSync(pair.key, join(directory, 'key.pem'));
  return directory;
}

/** Both files of a pair. */
export const pemOf = ({ cert, key }: Pair) => ({ cert: readFileSync(cert), key: readFileSync(key) });
