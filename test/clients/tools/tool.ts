/** What programs that people run beside an engine ask of it, as tables: requests, and the members that they read. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { Api } from '../../harness/http.ts';

/** One request of a tool's. `{web}` in it is a thing of the scene, `{made.Id}` a member of an earlier answer. */
export interface Call {
  /** Method and path. */
  readonly ask: string;
  /** A value, or made of earlier answers. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: 200. */
  readonly status?: number;
  /** Members of the answer, `path:type`: `[]` each element of a list, `*` each value of a map; there must be one. */
  readonly reads?: readonly string[];
  /** The name under which later requests find the answer. */
  readonly as?: string;
  /** It is listened to until this line comes, while the next call is made. */
  readonly until?: string;
}

/** A tool and its calls, in their order. */
export interface Tool {
  readonly tool: string;
  /** The version that it asks for; undefined: none. */
  readonly api?: string;
  readonly calls: readonly Call[];
}

/** By name: ids of the scene, and earlier answers. */
export type Seen = Record<string, unknown>;

/** Plays a tool's calls on an engine. */
export async function play({ tool, calls }: Tool, api: Api, scene: Readonly<Seen>): Promise<void> {
  const seen: Seen = { ...scene };
  let listening: Promise<unknown> | undefined;
  for (const call of calls) {
    const { method, path } = targetOf(call, seen);
    if (call.until !== undefined) {
      listening = firstLine(api, path, call.until).then((line) =>
        assertReads(`${tool}: ${call.ask}`, call, line),
      );
      continue;
    }
    const answer = await api.request(method, path, {
      ...(call.body === undefined ? {} : { body: filled(call.body, seen) }),
      ...(call.headers ? { headers: call.headers } : {}),
    });
    const said = `${tool}: ${call.ask}: ${answer.status} ${answer.text.slice(0, 400)}`;
    assert.equal(answer.status, call.status ?? 200, said);
    if (call.reads === undefined && call.as === undefined) continue;
    const told: unknown = answer.json();
    assertReads(said, call, told);
    if (call.as !== undefined) seen[call.as] = told;
  }
  await listening;
}

function targetOf({ ask }: Call, seen: Seen): { method: string; path: string } {
  const [method = '', path = ''] = ask.split(/ (.*)/s);
  const [before = '', query] = path.split(/\?(.*)/s);
  const named = String(filled(before, seen));
  if (query === undefined) return { method, path: named };
  // Written plainly in the tables; filters are JSON.
  const pairs = String(filled(query, seen))
    .split('&')
    .map((pair) => pair.split(/=(.*)/s).slice(0, 2).map(encodeURIComponent).join('='));
  return { method, path: `${named}?${pairs.join('&')}` };
}

function filled(value: unknown, seen: Seen): unknown {
  if (typeof value === 'function') return (value as (seen: Seen) => unknown)(seen);
  const text = JSON.stringify(value).replace(/\{([a-z]\w*(?:\.\w+)*)\}/g, (all, path: string) => {
    const [found] = valuesAt(seen, path);
    return found === undefined ? all : String(found);
  });
  return JSON.parse(text);
}

function assertReads(said: string, { reads = [] }: Call, told: unknown): void {
  for (const member of reads) {
    const [path = '', type] = member.split(':');
    const values = valuesAt(told, path);
    assert(values.length > 0 && values.every((value) => value !== undefined), `no ${path} in ${said}`);
    for (const value of values)
      if (type !== undefined) assert.equal(typeOf(value), type, `${path} in ${said}`);
  }
}

const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;

/** Every value that a path leads to. */
function valuesAt(value: unknown, path: string): unknown[] {
  let here: unknown[] = [value];
  for (const name of path.replaceAll('[]', '.[]').split('.').filter(Boolean))
    here = here.flatMap((each) => {
      if (typeof each !== 'object' || each === null) return [undefined];
      return name === '[]' || name === '*' ? Object.values(each) : [(each as Seen)[name]];
    });
  return here;
}

/** Follows a stream until a line with `wanted` in it, and leaves, as a tool does that has seen enough. */
function firstLine(api: Api, path: string, wanted: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const sent = request({
    socketPath: api.socketPath,
    path: api.path(path),
    headers: { host: 'docker' },
    agent: false,
  });
  sent.once('error', reject);
  sent.once('response', (answer) => {
    let text = '';
    answer.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      const line = text
        .split('\n')
        .slice(0, -1)
        .find((each) => each.includes(wanted));
      if (line === undefined) return;
      sent.destroy();
      resolve(JSON.parse(line));
    });
    answer.once('end', () => reject(new Error(`${path} ended before ${wanted}: ${text}`)));
    answer.on('error', () => undefined); // we left
  });
  sent.end();
  return promise;
}
