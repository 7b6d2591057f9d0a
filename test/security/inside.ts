/** Containers of a security test: run to their end, or refused. */
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../harness/dockerd.ts';
import { printed } from '../options/probe.ts';

/** A container that was run, or not. */
export interface Run {
  readonly id: string;
  /** What was refused, and how; empty: it ran. */
  readonly refused: string;
  /** Status of the refusal; 0: it ran. */
  readonly status: number;
  readonly output: string;
  readonly exitCode: number;
}

/** Creates, starts and waits; removes it unless told otherwise. */
export async function runInside(
  engine: Engine,
  request: Readonly<Record<string, unknown>>,
  keep = false,
): Promise<Run> {
  const api = engine.api();
  const { HostConfig, ...config } = request;
  const body = {
    Image: 'busybox',
    ...config,
    HostConfig: { NetworkMode: 'none', ...(HostConfig as object) },
  };
  const made = await api.post('/containers/create', body);
  if (made.status !== 201) return refusal('', made.status, made.text);
  const { Id } = made.json<{ Id: string }>();
  try {
    const started = await api.post(`/containers/${Id}/start`);
    if (started.status !== 204) return refusal(Id, started.status, started.text);
    const ended = await api.post(`/containers/${Id}/wait`);
    const exitCode = ended.json<{ StatusCode: number }>().StatusCode;
    return { id: Id, refused: '', status: 0, output: await printed(engine, Id), exitCode };
  } finally {
    if (!keep) await api.delete(`/containers/${Id}?force=1&v=1`);
  }
}

const refusal = (id: string, status: number, text: string): Run => ({
  ...{ id, status, refused: (JSON.parse(text) as { message: string }).message, output: '' },
  exitCode: -1,
});

/** Runs a further process and gives what it printed. */
export async function execInside(
  engine: Engine,
  id: string,
  request: Readonly<Record<string, unknown>>,
): Promise<{ output: string; exitCode: number | undefined; status: number }> {
  const api = engine.api();
  const made = await api.post(`/containers/${id}/exec`, {
    ...{ AttachStdout: true, AttachStderr: true, Tty: true },
    ...request,
  });
  const { Id } = made.json<{ Id?: string }>();
  if (Id === undefined) return { output: made.text, exitCode: undefined, status: made.status };
  const started = await api.post(`/exec/${Id}/start`, { Detach: false, Tty: true });
  const { ExitCode } = (await api.get(`/exec/${Id}/json`)).json<{ ExitCode?: number }>();
  return { output: started.text.replaceAll('\r\n', '\n'), exitCode: ExitCode, status: started.status };
}

/** A place on the host that nothing may touch or show; `changed` says whether somebody did. */
export class Canary {
  readonly path = mkdtempSync(join(tmpdir(), 'gantry-canary-'));
  readonly secret = `CANARY-${randomBytes(12).toString('hex')}`;
  readonly #before: string;

  /** `files`: further ones, by name. */
  constructor(files: Readonly<Record<string, string | Buffer>> = {}) {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.path, name), text);
    mkdirSync(join(this.path, 'd'), { mode: 0o750 });
    writeFileSync(join(this.path, 'secret'), this.secret);
    writeFileSync(join(this.path, 'f'), 'keep');
    this.#before = this.#listing();
  }

  #listing(): string {
    const all = readdirSync(this.path, { recursive: true }).map(String).sort();
    return JSON.stringify(
      all.map((name) => {
        const path = join(this.path, name);
        const { mode, uid, gid, nlink, mtimeMs } = lstatSync(path);
        const content = lstatSync(path).isFile() ? readFileSync(path, 'utf8') : '';
        return [name, mode, uid, gid, nlink, mtimeMs, content];
      }),
    );
  }

  get changed(): boolean {
    return this.#listing() !== this.#before;
  }
  /** As a relative path from however deep. */
  get relative(): string {
    return '../'.repeat(12) + this.path.slice(1);
  }
  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
