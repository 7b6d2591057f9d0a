/** docs/moving-from-docker.md: its shell commands, typed in their order, from Debian 13's dockerd to Gantry and back. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dockerEnv, peersDirectory } from '../harness/docker.ts';
import { startDockerd } from '../harness/dockerd.ts';
import { startGantry } from '../harness/gantry.ts';
import { startRegistry } from '../harness/registry.ts';
import { subnetAt } from '../harness/subnets.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/moving-from-docker.md'), 'utf8');
const SCRIPT_TIMEOUT_MS = 300_000;

/** The page's sections that show commands: a heading, and what stands below it between fences. */
function sections(): { readonly title: string; readonly commands: string }[] {
  return PAGE.split(/^## /m)
    .slice(1)
    .map((text) => ({
      title: text.split('\n', 1)[0] ?? '',
      commands: [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join(''),
    }))
    .filter(({ commands }) => commands !== '');
}

/** What somebody has who moves: an image, a volume, a network, a container that wrote into itself, a project. */
const BEFORE = `
old() { docker -H OLD "$@"; }
old tag busybox app:1
old volume create data
old network create --subnet SUBNET app-net
old run -d --name web --network app-net -v data:/data busybox sh -c 'echo kept >/data/file; echo inside >/written; exec sleep 1000'
old exec web sh -c 'until [ -s /written ]; do sleep 0.1; done; chown 1234:5678 /data/file'
`;

/** What must hold behind each section that moves something. */
const AFTER: Readonly<Record<string, string>> = {
  Images: `
[ "$(old image inspect -f '{{.Id}}' app:1)" = "$(new image inspect -f '{{.Id}}' app:1)" ]
[ "$(new run --rm app:1 echo moved)" = moved ]`,
  Volumes: `
[ "$(new run --rm -v data:/to busybox stat -c %u:%g /to/file)" = 1234:5678 ]
[ "$(new run --rm -v data:/to busybox cat /to/file)" = kept ]`,
  Networks: `
[ "$(new network inspect -f '{{(index .IPAM.Config 0).Subnet}}' app-net)" = SUBNET ]`,
  Containers: `
[ "$(new exec web cat /written /data/file)" = "$(printf 'inside\\nkept')" ]`,
  'Compose projects': `
[ "$(new compose --project-directory shop ps --services)" = front ]
[ -z "$(old compose --project-directory shop ps --services)" ]`,
  'Going back': `
old image inspect web:back >/dev/null
[ "$(old run --rm -v data:/data busybox cat /data/file)" = kept ]`,
};

test('the commands of the page move images, volumes, networks, containers and projects, and back', {
  skip: process.env.GANTRY_SCENES === 'all' ? false : 'only with GANTRY_SCENES=all',
}, async (t) => {
  const dockerd = await startDockerd(t, { release: 13 });
  assert.ok(typeof dockerd !== 'string', String(dockerd));
  const gantry = await startGantry(t);
  const registry = await startRegistry(t);
  const work = mkdtempSync(join(tmpdir(), 'gantry-moving-'));
  t.after(() => rmSync(work, { recursive: true, force: true }));
  const home = join(work, 'home');
  const plugins = join(home, 'cli-plugins');
  mkdirSync(plugins, { recursive: true });
  mkdirSync(join(work, 'shop'));
  const peers = peersDirectory(13);
  symlinkSync(join(peers, 'usr/libexec/docker/cli-plugins/docker-compose'), join(plugins, 'docker-compose'));
  const project =
    'services: {front: {image: busybox, command: sleep 1000, network_mode: none, init: true}}\n';
  writeFileSync(join(work, 'shop/compose.yaml'), project);
  writeFileSync(join(work, 'daemon.json'), '{"log-driver": "local", "init": true}');

  const here = (commands: string): string =>
    commands
      .replaceAll(/unix:\/\/\/run\/docker\.sock|\bOLD\b/g, dockerd.host)
      .replaceAll('unix:///run/gantry.sock', gantry.host)
      .replaceAll('localhost:5000', registry.host)
      .replaceAll(/10\.87\.3\.0\/24|\bSUBNET\b/g, subnetAt(0))
      .replaceAll('/etc/docker/daemon.json', join(work, 'daemon.json'));
  const shown = sections();
  const script = [
    BEFORE,
    ...shown.map(({ title, commands }) => `echo "== ${title}"\n${commands}\n${AFTER[title] ?? ''}\n`),
    'old compose --project-directory shop down; new compose --project-directory shop down',
    'echo "== all"',
  ].map(here);
  const ran = spawnSync('bash', ['--norc', '-euxo', 'pipefail', '-c', script.join('\n')], {
    cwd: work,
    encoding: 'utf8',
    timeout: SCRIPT_TIMEOUT_MS,
    env: {
      ...dockerEnv('unix:///nobody', home),
      PATH: `${join(peers, 'usr/bin')}:${join(ROOT, 'bin')}:${process.env.PATH}`,
    },
  });
  assert.equal(ran.status, 0, ran.stderr.slice(-4000));
  assert.deepEqual(
    shown.map(({ title }) => title).filter((title) => title in AFTER),
    Object.keys(AFTER),
  );
  assert.match(ran.stdout, /^== all$/m);
});
