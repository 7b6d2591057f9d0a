/**
 * `npm run clients`: clients that people use today and that this machine's release does not have, unmodified, from Debian
 * 13, against a private engine. `--only WORD`: those whose name has it. The first run makes their roots, which takes
 * minutes. It runs in a mount namespace whose mounts are shared, as they are on hosts with systemd: distrobox asks for that.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Gantry, startGantry } from '../../harness/gantry.ts';
import { type Registry, startRegistry } from '../../harness/registry.ts';
import type { Outcome } from '../suite.ts';
import { ansible } from './ansible.ts';
import type { Client } from './client.ts';
import { distrobox } from './distrobox.ts';
import { goDockerclient } from './go-dockerclient.ts';
import { python } from './python.ts';
import { vagrant } from './vagrant.ts';

const CLIENTS: readonly Client[] = [ansible, distrobox, goDockerclient, python, vagrant];
const { values } = parseArgs({ options: { only: { type: 'string' } } });

/** The names under which clients pull busybox. */
const ON_HUB = ['library/alpine:latest', 'app:1', 'app:latest'];

async function fill(gantry: Gantry, registry: Registry): Promise<void> {
  for (const image of ON_HUB) {
    await gantry.dockerOk('tag', 'busybox', `${registry.host}/${image}`);
    await gantry.dockerOk('push', `${registry.host}/${image}`);
    await gantry.dockerOk('rmi', `${registry.host}/${image}`);
  }
}

/** Each client has an engine of its own, which must be left without anything of its making. */
async function tried(client: Client): Promise<Outcome[]> {
  const ends: (() => Promise<void> | void)[] = [];
  const scope = { after: (end: () => Promise<void> | void) => void ends.push(end) };
  const work = mkdtempSync(join(tmpdir(), 'gantry-clients-'));
  try {
    const registry = await startRegistry(scope);
    const gantry = await startGantry(scope, { args: ['--registry-mirror', `http://${registry.host}`] });
    await fill(gantry, registry);
    return await client.play({ gantry, registry, work });
  } finally {
    for (const end of ends.reverse()) await end();
    rmSync(work, { recursive: true, force: true });
  }
}

const chosen = CLIENTS.filter(({ name }) => name.toLowerCase().includes((values.only ?? '').toLowerCase()));
assert(chosen.length > 0, `no client is named ${values.only}: ${CLIENTS.map(({ name }) => name).join(', ')}`);
for (const client of chosen) {
  const outcomes = await tried(client);
  const failed = outcomes.filter(({ is }) => is === 'failed');
  console.log(`${client.name}: ${outcomes.length} steps, ${outcomes.length - failed.length} passed`);
  for (const { name, why } of failed) console.log(`  ${name}: ${why}`);
  if (failed.length > 0 || outcomes.length === 0) process.exitCode = 1;
}
