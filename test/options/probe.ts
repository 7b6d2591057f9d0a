/** One container for many options: made as a group of rows asks, looked at from inside, and inspected at several versions. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { FrameReader } from '../../src/formats/frames.ts';
import type { Engine } from '../harness/dockerd.ts';

/** What an option does, by the version of the host's control groups where these differ. */
export type Expected = string | RegExp | { readonly v1: string | RegExp; readonly v2: string | RegExp };

/** One option, how it is asked for, and how it is looked at. */
export interface Row {
  readonly what: string;
  /** Members of the create request; those of a group's rows are put together. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly host?: Readonly<Record<string, unknown>>;
  /** Shell that runs inside; what it prints is compared with `holds`. */
  readonly see?: string;
  readonly holds?: Expected;
  /** What inspect shows, by path. */
  readonly shows?: Readonly<Record<string, unknown>>;
  /** Minor of the first version whose inspect shows it; earlier ones must not. */
  readonly since?: number;
  /** Why dockerd shows or does something else. */
  readonly differs?: string;
}

/** Options that one container can have together. */
export interface Group {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Why it is not compared with dockerd. */
  readonly alone?: string;
}

/** The versions whose inspect is looked at besides the newest. */
export const OLDER = [20, 12] as const;

/** What was seen of a group's container. */
export interface Seen {
  /** What the script of each row printed. */
  readonly inside: ReadonlyMap<string, string>;
  /** Inspect by version: `''` is the newest. */
  readonly inspect: ReadonlyMap<string, unknown>;
}

/** Makes, runs, inspects and removes the container of a group. */
export async function probe(engine: Engine, group: Group, newest?: string): Promise<Seen> {
  const api = engine.api(newest);
  const made = await api.post('/containers/create', requestOf(group));
  assert.equal(made.status, 201, `${group.title}: ${made.text}`);
  const { Id } = made.json<{ Id: string }>();
  try {
    const started = await api.post(`/containers/${Id}/start`);
    assert.equal(started.status, 204, `${group.title}: ${started.text}`);
    const ended = await api.post(`/containers/${Id}/wait`);
    const output = await printed(engine, Id, newest);
    assert.equal(ended.json<{ StatusCode: number }>().StatusCode, 0, `${group.title}:\n${output}`);
    const inspect = new Map<string, unknown>();
    for (const version of [newest, ...OLDER.map((minor) => `1.${minor}`)])
      inspect.set(version ?? '', (await engine.api(version).get(`/containers/${Id}/json`)).json());
    return { inside: sections(group, output), inspect };
  } finally {
    await api.delete(`/containers/${Id}?force=1&v=1`);
  }
}

/** The create request for a group. */
function requestOf({ rows }: Group): object {
  const HostConfig = Object.assign({ NetworkMode: 'none' }, ...rows.map(({ host }) => host ?? {}));
  const config = Object.assign({}, ...rows.map((row) => row.config ?? {}));
  return { Image: 'busybox', ...config, Cmd: ['sh', '-c', script(rows)], HostConfig };
}

/** Each row's script behind a line of its own that says where it begins. */
const MARK = '=== row ';
const script = (rows: readonly Row[]): string =>
  [...rows.map(({ see = 'true' }, index) => `echo "${MARK}${index}"\n(${see}) 2>&1`), 'true'].join('\n');

function sections({ rows }: Group, output: string): Map<string, string> {
  const parts = new Map(
    output
      .split(MARK)
      .slice(1)
      .map((part) => [Number.parseInt(part, 10), part.replace(/^\d+\n/, '').trimEnd()]),
  );
  return new Map(rows.map(({ what }, index) => [what, parts.get(index) ?? '']));
}

/** What a container without a terminal printed, both streams together. */
export async function printed(engine: Engine, id: string, version?: string): Promise<string> {
  const logs = await engine.api(version).get(`/containers/${id}/logs?stdout=1&stderr=1`);
  return new FrameReader()
    .push(logs.bytes)
    .map(({ payload }) => payload.toString())
    .join('');
}

/** `a.b[0]` in a document. */
export function at(document: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, name) => (value as Record<string, unknown> | null | undefined)?.[name],
      document,
    );
}

/** What containers leave on disk. */
export const tracesOf = ({ dataRoot }: { readonly dataRoot: string }): string[] =>
  ['containers', 'w', 'volumes']
    .filter((name) => existsSync(`${dataRoot}/${name}`))
    .flatMap((name) => readdirSync(`${dataRoot}/${name}`).map((each) => `${name}/${each}`))
    .sort();
