/** Engines whose containers have ids of their own, by tables of users that the test makes up. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gantry, type GantryOptions, type Scope } from '../harness/gantry.ts';
import { runInside } from './inside.ts';

/** The host's id of such a container's root. */
export const FIRST = 300_000;
/** How many ids it has. */
export const COUNT = 65_536;
/** What the sub-roots of the engine end in. */
export const SUB_ROOT = `${FIRST}.${FIRST}`;

const TABLES: Readonly<Record<string, string>> = {
  passwd: 'root:x:0:0::/:/bin/sh\nmapped:x:4711:4712::/:/bin/false\n',
  group: 'root:x:0:\nmapped:x:4712:\n',
  subuid: `mapped:${FIRST}:${COUNT}\n`,
  subgid: `mapped:${FIRST}:${COUNT}\n`,
};

/** A directory with tables of users; `tables`: others in place of the usual ones. It goes with the test. */
export function idTables(scope: Scope, tables: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-ids-'));
  scope.after(async () => rmSync(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ ...TABLES, ...tables }))
    writeFileSync(join(directory, name), text);
  return directory;
}

/** An engine with `--userns-remap=mapped` that is not started yet. It ends with the test. */
export function remappedEngine(scope: Scope, options: GantryOptions = {}): Gantry {
  const gantry = new Gantry({
    ...options,
    args: ['--userns-remap=mapped', ...(options.args ?? [])],
    env: { GANTRY_ID_TABLES: idTables(scope), ...options.env },
  });
  // A runtime gets to what it mounts with the container's ids.
  chmodSync(gantry.root, 0o711);
  return gantry;
}

/** The same, started and with busybox. */
export async function startRemapped(scope: Scope): Promise<Gantry> {
  const gantry = remappedEngine(scope);
  scope.after(() => gantry.end());
  await gantry.start();
  await gantry.loadBusybox();
  return gantry;
}

/** A script as a command. */
export const sh = (script: string) => ['sh', '-c', script];

/** Runs a script in a container that goes with it, and gives what it printed. */
export async function inside(gantry: Gantry, script: string, HostConfig: object = {}): Promise<string> {
  const { output, refused, exitCode } = await runInside(gantry, { Cmd: sh(script), HostConfig });
  assert.equal(refused, '');
  assert.equal(exitCode, 0, output);
  return output;
}

/** Runs `work` with a container that sleeps. */
export async function withSleeper(
  gantry: Gantry,
  host: object,
  work: (id: string, pid: number) => Promise<void>,
): Promise<void> {
  const api = gantry.api();
  const body = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'none', ...host } };
  const made = await api.post('/containers/create', body);
  assert.equal(made.status, 201, made.text);
  const { Id } = made.json<{ Id: string }>();
  try {
    const started = await api.post(`/containers/${Id}/start`);
    assert.equal(started.status, 204, started.text);
    const { State } = (await api.get(`/containers/${Id}/json`)).json<{ State: { Pid: number } }>();
    await work(Id, State.Pid);
  } finally {
    await api.delete(`/containers/${Id}?force=1&v=1`);
  }
}
