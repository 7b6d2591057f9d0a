/** Answers of 1.0–1.24 have every member that the documents and daemons of the version had (`shapes.json`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ask, post, type Reply, type Served, serve } from './serve.ts';

interface Change {
  readonly adds?: readonly string[];
  readonly drops?: readonly string[];
}
const shapes = JSON.parse(readFileSync(new URL('shapes.json', import.meta.url), 'utf8')) as Record<
  string,
  Record<string, Change>
>;

/** The members that an endpoint's answer must have at a version, or undefined before it was there. */
function required(endpoint: string, minor: number): ReadonlySet<string> | undefined {
  const steps = Object.entries(shapes[endpoint] ?? {}).filter(
    ([version]) => Number(version.slice(2)) <= minor,
  );
  if (steps.length === 0) return undefined;
  const paths = new Set<string>();
  for (const [, { adds = [], drops = [] }] of steps) {
    for (const path of drops) paths.delete(path);
    for (const path of adds) paths.add(path);
  }
  return paths;
}

/** What a value has, in the same spelling. Null is any list, map or object. */
function pathsOf(value: unknown, at: string, found: Set<string>): void {
  if (Array.isArray(value)) {
    found.add(`${at}:list`);
    for (const element of value) pathsOf(element, `${at}[]`, found);
  } else if (typeof value === 'object' && value !== null) {
    found.add(`${at}:object`).add(`${at}:map`);
    for (const [name, member] of Object.entries(value)) {
      pathsOf(member, at === '' ? name : `${at}.${name}`, found);
      pathsOf(member, `${at}{}`, found);
    }
  } else if (value === null) found.add(`${at}:null`);
  else found.add(`${at}:${typeof value === 'number' ? 'integer' : typeof value}`);
}

const isUnder = (path: string, nulls: readonly string[]): boolean =>
  nulls.some(
    (at) =>
      path.startsWith(`${at}:`) ||
      path.startsWith(`${at}[]`) ||
      path.startsWith(`${at}{}`) ||
      path.startsWith(`${at}.`),
  );

function missing(value: unknown, paths: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  pathsOf(value, '', found);
  const nulls = [...found]
    .filter((path) => path.endsWith(':null'))
    .map((path) => path.slice(0, -':null'.length));
  // An empty list or map shows no members.
  const empty = [...paths].filter((path) => /\[\]|\{\}/.test(path) && !hasElements(value, path));
  return [...paths].filter(
    (path) => !found.has(path) && !isUnder(path, nulls) && !empty.includes(path) && !path.endsWith(':any'),
  );
}

function hasElements(value: unknown, path: string): boolean {
  let at: unknown[] = [value];
  for (const part of path
    .replace(/:\w+$/, '')
    .replaceAll('[]', '.[]')
    .replaceAll('{}', '.{}')
    .split('.')
    .filter(Boolean)) {
    at = at.flatMap((here) =>
      part === '[]'
        ? Array.isArray(here)
          ? here
          : []
        : part === '{}'
          ? Object.values((here as object | null) ?? {})
          : [(here as Record<string, unknown> | null)?.[part]],
    );
    if ((part === '[]' || part === '{}') && at.length === 0) return false;
  }
  return true;
}

const calls: Readonly<Record<string, (served: Served, version: string) => Promise<Reply>>> = {
  ContainerList: ({ path }, v) => ask(path, `${v}/containers/json?all=1`),
  ContainerCreate: ({ path }, v) =>
    post(path, `${v}/containers/create`, { body: { Image: 'busybox', Cmd: ['true'] } }),
  ContainerInspect: ({ path }, v) => ask(path, `${v}/containers/web/json`),
  ContainerUpdate: ({ path }, v) => post(path, `${v}/containers/web/update`, { body: { Memory: 1 } }),
  ImageList: ({ path }, v) => ask(path, `${v}/images/json`),
  ImageInspect: ({ path }, v) => ask(path, `${v}/images/busybox/json`),
  ImageHistory: ({ path }, v) => ask(path, `${v}/images/busybox/history`),
  ImageDelete: ({ path }, v) => ask(path, `${v}/images/busybox`, { method: 'DELETE' }),
  Info: ({ path }, v) => ask(path, `${v}/info`),
  Version: ({ path }, v) => ask(path, `${v}/version`),
  ExecCreate: ({ path }, v) => post(path, `${v}/containers/web/exec`, { body: { Cmd: ['true'] } }),
  ExecInspect: ({ path }, v) => ask(path, `${v}/exec/e/json`),
};

/** Not in our answers, with the reason. */
const excused: Readonly<Record<string, RegExp>> = {
  // Only members of a swarm tell more of it than that they are in none.
  Info: /^Swarm\.|^ClusterStore|^ClusterAdvertise|^SystemStatus/,
};

for (let minor = 0; minor <= 24; minor++)
  for (const [endpoint, call] of Object.entries(calls)) {
    const paths = required(endpoint, minor);
    if (!paths) continue;
    test(`${endpoint} at v1.${minor} has what that version had`, async () => {
      await using served = await serve();
      const reply = await call(served, `/v1.${minor}`);
      assert.ok(reply.status < 300, reply.text);
      const value: unknown = reply.text === '' ? undefined : JSON.parse(reply.text);
      assert.deepEqual(
        missing(value, paths).filter((path) => !excused[endpoint]?.test(path)),
        [],
      );
    });
  }
