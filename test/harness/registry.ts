/** Debian's docker-registry on a loopback port of its own, plain or with TLS and passwords. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a registry is started. */
export interface RegistryOptions {
  /** `certificate` and `key` files. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Lines of an htpasswd file (bcrypt). */
  readonly htpasswd?: string;
  readonly token?: {
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    readonly bundle: string;
  };
  readonly data?: string;
  readonly port?: number;
}

/** A registry that runs until its test ends. */
export interface Registry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly log: () => string;
  /** Ends it; its data stay until the test ends. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const PEERS = join(import.meta.dirname, '../../node_modules/.cache/gantry-peers');
/** Where Debian puts the program, below the peers' directory. */
const PROGRAM = join(PEERS, 'usr/bin/docker-registry');
const UP_TIMEOUT_MS = 20_000;

type Scope = { after(end: () => Promise<void> | void): void };

/** A TCP port of the loopback interface that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Starts a registry; it ends with `scope`, and its data go when they are its own. */
export async function startRegistry(scope: Scope, options: RegistryOptions = {}): Promise<Registry> {
  assert.ok(existsSync(PROGRAM), `${PROGRAM} is missing: sh tools/setup.sh --tests`);
  const home = mkdtempSync(join(tmpdir(), 'gantry-registry-'));
  scope.after(() => rmSync(home, { recursive: true, force: true }));
  const data = options.data ?? join(home, 'data');
  const port = options.port ?? (await freePort());
  const config = join(home, 'config.json');
  writeFileSync(config, JSON.stringify(configuration(home, data, port, options)));
  const child = spawn(PROGRAM, ['serve', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  scope.after(() => stop('SIGKILL'));
  if (!options.tls) await answering(port, child, () => said);
  else await listening(port, child, () => said);
  return { host: `127.0.0.1:${port}`, port, data, log: () => said, stop };
}

/** YAML, of which JSON is a part. */
function configuration(
  home: string,
  data: string,
  port: number,
  { tls, htpasswd, token }: RegistryOptions,
): unknown {
  if (htpasswd !== undefined) writeFileSync(join(home, 'htpasswd'), htpasswd);
  return {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: false } },
    storage: { filesystem: { rootdirectory: data }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, ...(tls ? { tls } : {}) },
    ...(htpasswd !== undefined
      ? { auth: { htpasswd: { realm: 'test', path: join(home, 'htpasswd') } } }
      : {}),
    ...(token ? { auth: { token: { ...token, rootcertbundle: token.bundle } } } : {}),
  };
}

async function until(child: ChildProcess, log: () => string, check: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + UP_TIMEOUT_MS;
  while (Date.now() < end && child.exitCode === null) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  assert.fail(`the registry does not come up: ${log()}`);
}

const answering = (port: number, child: ChildProcess, log: () => string): Promise<void> =>
  until(
    child,
    log,
    () =>
      new Promise((resolve) => {
        const asked = request({ host: '127.0.0.1', port, path: '/v2/' }, (answer) => {
          answer.resume();
          resolve(answer.statusCode !== undefined);
        });
        asked.on('error', () => resolve(false));
        asked.end();
      }),
  );

const listening = (port: number, child: ChildProcess, log: () => string): Promise<void> =>
  until(child, log, async () => {
    const { connect } = await import('node:net');
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
  });

/**
 * An authority's certificate and one that it signed for 127.0.0.1 and localhost, as files. `days`: how long that one
 * holds, 0 for a moment.
 */
export function makeCertificates(
  directory: string,
  days = 2,
): { ca: string; certificate: string; key: string } {
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...ec,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.crt'),
    '-days',
    '2',
    '-subj',
    '/CN=Test authority',
  );
  openssl('req', ...ec, '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', '/CN=localhost');
  writeFileSync(at('server.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  openssl(
    'x509',
    '-req',
    '-in',
    at('server.csr'),
    '-CA',
    at('ca.crt'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-out',
    at('server.crt'),
    '-days',
    String(days),
    '-extfile',
    at('server.ext'),
  );
  return { ca: at('ca.crt'), certificate: at('server.crt'), key: at('server.key') };
}
