/** An engine that also listens on a TCP port with TLS, and the docker command line that speaks to it there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DockerOptions, type Ran, runDocker, spawnDocker } from '../harness/docker.ts';
import { type Gantry, type GantryOptions, type Scope, startGantry } from '../harness/gantry.ts';
import { freePort } from '../harness/registry.ts';
import { Authority, certPath, type Pair } from './authority.ts';

/** The engine, its authority, and clients of its TCP port. */
export interface Secured {
  readonly gantry: Gantry;
  readonly authority: Authority;
  readonly server: Pair;
  /** `tcp://…`, for DOCKER_HOST. */
  readonly host: string;
  readonly port: number;
  docker(argv: readonly string[], options?: DockerOptions & { readonly pair?: Pair | 'none' }): Promise<Ran>;
  dockerProcess(argv: readonly string[]): ReturnType<typeof spawnDocker>;
}

/** With `--tlsverify`; a client of the authority is `docker`'s default. */
export async function startSecured(scope: Scope, options: GantryOptions = {}): Promise<Secured> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'gantry-pki-'));
  const authority = new Authority(directory);
  const server = authority.server();
  const client = authority.client();
  const files = ['--tlscacert', authority.ca, '--tlscert', server.cert, '--tlskey', server.key];
  const host = `tcp://127.0.0.1:${port}`;
  const args = ['-H', host, '--tlsverify', ...files, ...(options.args ?? [])];
  const gantry = await startGantry(scope, { ...options, args });
  // After the engine's own end, which may start it once more.
  scope.after(async () => rmSync(directory, { recursive: true }));
  const home = join(gantry.root, 'home');
  let count = 0;
  const env = (pair: Pair | 'none') => ({
    DOCKER_TLS_VERIFY: '1',
    DOCKER_CERT_PATH: certPath(
      join(directory, `docker-${count++}`),
      authority.ca,
      pair === 'none' ? undefined : pair,
    ),
  });
  return {
    ...{ gantry, authority, server, host, port },
    docker: (argv, { pair = client, ...more } = {}) =>
      runDocker(host, home, argv, { ...more, env: { ...env(pair), ...more.env } }),
    dockerProcess: (argv) => spawnDocker(host, home, argv, { env: env(client) }),
  };
}
