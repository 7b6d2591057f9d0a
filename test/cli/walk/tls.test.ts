/** The flags before a command that name certificates: both engines listen on a port with TLS. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { Dockerd } from '../../harness/dockerd.ts';
import { freePort } from '../../harness/registry.ts';
import { Authority } from '../../listeners/authority.ts';
import { playScenes, type Scene, type Stage } from '../scenes.ts';

const directory = mkdtempSync(join(tmpdir(), 'gantry-pki-'));
after(() => rmSync(directory, { recursive: true }));
const authority = new Authority(join(directory, 'own'));
const other = new Authority(join(directory, 'other'));
const client = authority.client();
const stranger = other.client();
const server = authority.server();
const hosts = {
  gantry: `tcp://127.0.0.1:${await freePort()}`,
  dockerd: `tcp://127.0.0.1:${await freePort()}`,
};

const argsAt = (host: string) => [
  ...['--host', host, '--tlsverify', '--tlscacert', authority.ca],
  ...['--tlscert', server.cert, '--tlskey', server.key],
];

/** Runs `ps` with these flags before it; what differs from run to run is told by its name. */
async function asks(stage: Stage, flags: Readonly<Record<string, string>>): Promise<void> {
  const host = stage.engine instanceof Dockerd ? hosts.dockerd : hosts.gantry;
  const words = Object.entries(flags).flatMap(([name, value]) => (value === '' ? [name] : [name, value]));
  const { stdout, stderr, code } = await stage.quietly([
    '--host',
    host,
    ...words,
    'ps',
    '--all',
    '--format',
    '{{.Names}}',
  ]);
  const seen = `$ docker ${words.join(' ')} ps\n${stdout}${stderr}[${code}]`;
  stage.see(seen.replaceAll(directory, 'CERTIFICATES').replaceAll(host.slice('tcp://'.length), 'HOST'));
}

const scenes: readonly Scene[] = [
  {
    title: 'flags that name certificates',
    async play(stage) {
      await stage.quietly(['create', '--name', 'one', '--network', 'none', 'busybox']);
      const own = { '--tlscert': client.cert, '--tlskey': client.key };
      await asks(stage, { '--tlsverify': '', '--tlscacert': authority.ca, ...own });
      await asks(stage, { '--tls': '', ...own });
      await asks(stage, { '--tlsverify': '', '--tlscacert': other.ca, ...own });
      await asks(stage, { '--tlsverify': '', '--tlscacert': authority.ca });
      await asks(stage, { '--tlsverify': '', '--tlscacert': authority.ca, '--tlscert': client.cert });
      await asks(stage, {
        ...{ '--tlsverify': '', '--tlscacert': authority.ca },
        ...{ '--tlscert': stranger.cert, '--tlskey': stranger.key },
      });
      await asks(stage, { '--tls': '', '--tlscert': client.cert, '--tlskey': stranger.key });
      await asks(stage, { '--tlsverify': '', '--tlscacert': '/nosuch', ...own });
      await asks(stage, { '--tls': '' });
      await asks(stage, {});
    },
    differences: [
      {
        why: 'Node’s TLS ends the connection of a stranger and says why in the log alone',
        about: ['--tlscert'],
        gantry: [/(other\/client-key\.pem ps\n.*?: )(EOF|read tcp .* connection reset by peer)/, '$1<why>'],
        dockerd: [
          /(other\/client-key\.pem ps\n.*?: )remote error: tls: unknown certificate authority/,
          '$1<why>',
        ],
      },
    ],
  },
];

playScenes(scenes, undefined, {
  args: { gantry: argsAt(hosts.gantry), dockerd: argsAt(hosts.dockerd) },
  release: 13,
  since: 28,
  onDemand: true,
});
