/** The engines whose defaults are compared: each runs the same script in a plain container of the same image. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, startDockerd } from '../../harness/dockerd.ts';
import { type Scope, startGantry } from '../../harness/gantry.ts';
import { loadArchive } from '../../harness/layered.ts';
import { Podman } from '../../harness/podman.ts';
import { runInside } from '../inside.ts';
import { callsArchive, IMAGE } from './calls.ts';
import { type Row, rows } from './rows.ts';

/** What was seen in a plain container, row by row. */
type Seen = ReadonlyMap<Row, { readonly lines: readonly string[]; readonly open: readonly string[] }>;
/** An engine by the name that stands over its column, with what it gives; a text says why it is not here. */
export interface Column {
  readonly name: string;
  readonly seen: Seen | string;
}

const scriptOf = (asked: readonly Row[]): string =>
  asked.map(({ see }) => `echo '=== '\n(${see}) 2>/dev/null`).join('\n');

/** @throws AssertionError when it did not run to its end */
function read(output: string, asked: readonly Row[]): [Row, { lines: string[]; open: readonly string[] }][] {
  const parts = output.split('=== ').slice(1);
  assert.equal(parts.length, asked.length, output);
  return asked.map((row, index) => {
    const lines = (parts[index] ?? '').trimEnd().split('\n').slice(1);
    return [row, { lines, open: row.open(lines) }];
  });
}

const PLAIN = rows.filter(({ unconfined }) => !unconfined);
const UNCONFINED = rows.filter(({ unconfined }) => unconfined);

async function ofApi(engine: Engine): Promise<Seen> {
  await loadArchive(engine.api(), callsArchive());
  const output = async (asked: readonly Row[], HostConfig: object): Promise<string> => {
    const ran = await runInside(engine, { Image: IMAGE, Cmd: ['sh', '-c', scriptOf(asked)], HostConfig });
    return ran.refused || ran.output;
  };
  const unconfined = { MaskedPaths: [], SecurityOpt: ['seccomp=unconfined'] };
  return new Map([
    ...read(await output(PLAIN, {}), PLAIN),
    ...read(await output(UNCONFINED, unconfined), UNCONFINED),
  ]);
}

async function inPodman(podman: Podman): Promise<Seen> {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-calls-'));
  try {
    writeFileSync(join(directory, 'calls.tar'), callsArchive());
    await podman.run('load', '-i', join(directory, 'calls.tar'));
    const unconfined = ['--security-opt', 'unmask=ALL', '--security-opt', 'seccomp=unconfined'];
    return new Map([
      ...read(await podman.inside(IMAGE, 'sh', '-c', scriptOf(PLAIN)), PLAIN),
      ...read(await podman.inside(...unconfined, IMAGE, 'sh', '-c', scriptOf(UNCONFINED)), UNCONFINED),
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Gantry, by a process of its own. */
export const ofGantry = async (scope: Scope): Promise<Column> => ({
  name: 'Gantry',
  seen: await ofApi(await startGantry(scope)),
});

/** Debian 13's dockerd. */
export async function ofDockerd(scope: Scope): Promise<Column> {
  const dockerd = await startDockerd(scope, { release: 13 });
  if (typeof dockerd === 'string') return { name: 'dockerd', seen: dockerd };
  return { name: `dockerd ${dockerd.version}`, seen: await ofApi(dockerd) };
}

/** This machine's podman. */
export async function ofPodman(scope: Scope): Promise<Column> {
  const podman = new Podman(scope);
  try {
    const [, , version] = (await podman.run('--version')).split(' ');
    return { name: `podman ${version}`, seen: await inPodman(podman) };
  } catch (error) {
    return { name: 'podman', seen: `podman cannot run here: ${(error as Error).message.split('\n')[0]}` };
  }
}
