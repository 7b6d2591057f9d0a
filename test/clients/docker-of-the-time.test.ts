/**
 * Docker's own clients of 2013 to 2015, as they were released. No package has them any more: whoever has one says where
 * by an environment variable, and it does what its users did with it, against a private engine.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { dockerEnv, type Ran } from '../harness/docker.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { startRegistry } from '../harness/registry.ts';
import { Terminal } from '../harness/terminal.ts';

/** Release, and the API that it speaks of itself. */
const RELEASES = [
  ['0.5', '1.3 or 1.4'],
  ['0.7', '1.8'],
  ['1.0', '1.12'],
  ['1.8', '1.20'],
] as const;
/** Its `run` ends well whatever the process did. */
const RUN_IS_ALWAYS_GOOD = '0.5';

/** `/path/to/docker`, made for this machine. */
const variableOf = (release: string): string => `GANTRY_DOCKER_${release.replace('.', '_')}`;

/** One client and the engine it talks to. */
class Client {
  readonly #gantry: Gantry;
  readonly #cli: string;
  readonly #env: Record<string, string>;

  constructor(gantry: Gantry, cli: string) {
    this.#gantry = gantry;
    this.#cli = cli;
    // Clients of the time ignore it. One that stands in for them speaks what it says.
    const version = process.env.DOCKER_API_VERSION;
    this.#env = version === undefined ? {} : { DOCKER_API_VERSION: version };
  }

  /** Clients before 0.9 know no DOCKER_HOST: `-H` is in all of them. */
  #words = (argv: readonly string[]): string[] => ['-H', this.#gantry.host, ...argv];

  run = (...argv: readonly string[]): Promise<Ran> =>
    this.#gantry.docker(this.#words(argv), { cli: this.#cli, env: this.#env });

  async ok(...argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...argv);
    assert.equal(code, 0, `docker ${argv.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
    return stdout.trim();
  }

  terminal(t: TestContext, argv: readonly string[]): Terminal {
    const env = dockerEnv(this.#gantry.host, this.#gantry.root, { env: { TERM: 'xterm', ...this.#env } });
    const terminal = new Terminal(this.#cli, this.#words(argv), env, { rows: 24, columns: 80 });
    t.after(() => terminal.close());
    return terminal;
  }
}

/** An image in a registry on the loopback interface, and none of that name in the engine. */
async function published(t: TestContext, gantry: Gantry): Promise<string> {
  const { host } = await startRegistry(t);
  const name = `${host}/busybox`;
  for (const argv of [
    ['tag', 'busybox', name],
    ['push', name],
    ['rmi', name],
  ])
    await gantry.dockerOk(...argv);
  return name;
}

async function pulls(client: Client, name: string): Promise<void> {
  await client.ok('pull', name);
  assert.match(await client.ok('images'), new RegExp(`^${name} +latest +[0-9a-f]{12} `, 'm'));
}

async function runsAtTerminals(t: TestContext, client: Client, name: string, code: number): Promise<void> {
  const shell = client.terminal(t, ['run', '-i', '-t', name, 'sh']);
  assert.match(await shell.command('stty size'), /\b24 80\b/);
  assert.match(await shell.command('cat /etc/hostname'), /^[0-9a-f]{12}$/m);
  shell.type('exit 3\r');
  assert.equal(await shell.ended, code);
}

/** Returns the container, which has ended. */
async function attaches(t: TestContext, client: Client, name: string): Promise<string> {
  const talks = 'read line; echo "got $line" >/kept; cat /kept; sleep 1; exit 4';
  const id = await client.ok('run', '-d', '-i', '-t', name, 'sh', '-c', talks);
  const attached = client.terminal(t, ['attach', id]);
  attached.type('typed\r');
  await attached.shows(/got typed\r\n/);
  await attached.ended;
  assert.equal(await client.ok('wait', id), '4');
  return id;
}

async function commits(client: Client, id: string): Promise<void> {
  assert.match(await client.ok('commit', id, 'kept'), /^(sha256:)?[0-9a-f]{12,64}$/);
  const { code, stdout } = await client.run('run', 'kept', 'cat', '/kept');
  assert.deepEqual([code, stdout], [0, 'got typed\n']);
}

async function builds(t: TestContext, client: Client, name: string): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), 'gantry-context-'));
  t.after(() => rmSync(context, { recursive: true }));
  writeFileSync(join(context, 'added'), 'added\n');
  const lines = [`FROM ${name}`, 'ADD added /added', 'RUN cat /added >/made', 'CMD ["cat", "/made"]'];
  writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
  assert.match(await client.ok('build', '-t', 'built', context), /Successfully built [0-9a-f]{12}/);
  const { code, stdout } = await client.run('run', 'built');
  assert.deepEqual([code, stdout], [0, 'added\n']);
}

for (const [release, api] of RELEASES) {
  const variable = variableOf(release);
  const cli = process.env[variable] ?? '';
  const skip = cli === '' && `${variable} does not say where a docker client of ${release} (API ${api}) is`;
  test(`docker ${release} pulls, runs at a terminal, attaches, commits and builds`, { skip }, async (t) => {
    assert(existsSync(cli), `${variable}: there is no ${cli}`);
    const gantry = await startGantry(t);
    const name = await published(t, gantry);
    const client = new Client(gantry, cli);
    // The first have no `-v`.
    t.diagnostic((await client.ok('version')).replaceAll(/\s*\n\s*/g, '; '));
    await pulls(client, name);
    await runsAtTerminals(t, client, name, release === RUN_IS_ALWAYS_GOOD ? 0 : 3);
    const id = await attaches(t, client, name);
    await commits(client, id);
    await builds(t, client, name);
  });
}
