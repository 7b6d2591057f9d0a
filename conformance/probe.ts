/** One version of the API on one engine, as checks ask it: requests, containers in that version's words, expectations. */
import assert from 'node:assert/strict';
import type { Answer, Api } from '../test/harness/http.ts';
import { endpoint, fieldsAt, kindAt, mayFailWith, successes, typesAt } from './contract.ts';
import { complaints } from './shape.ts';

/** What the checks find beside the engine. */
export interface Surroundings {
  /** An image with a shell, sleep, cat and echo. */
  readonly image: string;
  /** `ADDRESS:PORT` of a registry with `hammer:1` in its repository `tools`, that takes pushes and offers a search. */
  readonly registry: string;
  /** The same, for `me` with the password `secret`. */
  readonly guarded: string;
  /** Address of a small file. */
  readonly file: string;
  /** A tar archive that is an image's root file system. */
  readonly rootfs: Buffer;
}

/** A check that cannot be made here; its reason is printed. */
export class Skip extends Error {}

/** A text that changed with versions: the minor version from which on it reads so. */
export type Texts = readonly (readonly [from: number, text: string | RegExp])[];

const WRITTEN_WITHIN_MS = 30_000;

type Made = Readonly<Record<string, unknown>>;

/** Everything that a check may do at one version. */
export class Probe {
  readonly minor: number;
  readonly api: Api;
  readonly here: Surroundings;
  /** The newest version of the engine, for what the version itself cannot ask. */
  readonly newest: Api;
  readonly #containers: string[] = [];
  #count = 0;

  constructor(minor: number, api: Api, newest: Api, here: Surroundings) {
    this.minor = minor;
    this.api = api;
    this.newest = newest;
    this.here = here;
  }

  /** What holds at this version, of values that came with a version each. */
  since<T>(...values: readonly (readonly [from: number, value: T])[]): T {
    const found = values.filter(([from]) => from <= this.minor).at(-1);
    assert.ok(found, `a check says nothing of 1.${this.minor}`);
    return found[1];
  }

  /** A name that nothing else has. */
  name(word: string): string {
    this.#count++;
    return `cf${this.minor}-${this.#count}-${word}`;
  }

  /** Creates a container as this version's clients do; the host configuration waits for its start below 1.15. */
  async create(config: Made = {}, host: Made = {}, query = ''): Promise<string> {
    const body = { Image: this.here.image, Cmd: ['sleep', '600'], ...config };
    const answer = await this.api.post(
      `/containers/create${query}`,
      this.minor < 15 || Object.keys(host).length === 0 ? body : { ...body, HostConfig: host },
    );
    assert.equal(answer.status, 201, answer.text);
    const { Id } = answer.json<{ Id: string }>();
    this.#containers.push(Id);
    return Id;
  }

  /** Starts it; a host configuration comes with the start where that is its place. */
  async start(id: string, host: Made = {}): Promise<void> {
    const brings = this.minor >= 3 && this.minor < 15 && Object.keys(host).length > 0;
    const answer = await this.api.post(`/containers/${id}/start`, brings ? host : undefined);
    assert.equal(answer.status, 204, answer.text);
  }

  /** A container that runs. */
  async running(config: Made = {}, host: Made = {}): Promise<string> {
    const id = await this.create(config, host);
    await this.start(id, host);
    return id;
  }

  /** A container that has run a shell's command and ended. */
  async ended(command: string, config: Made = {}): Promise<string> {
    const id = await this.running({ Cmd: ['sh', '-c', command], ...config });
    assert.equal((await this.api.post(`/containers/${id}/wait`)).status, 200);
    return id;
  }

  /** Waits until a container has written a word. @throws when it does not come */
  async hasWritten(id: string, word: string): Promise<void> {
    const end = Date.now() + WRITTEN_WITHIN_MS;
    while (!(await this.newest.get(`/containers/${id}/logs?stdout=1`)).text.includes(word)) {
      assert.ok(Date.now() < end, `${id} has not written ${word}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** A successful answer: one of the contract's statuses, its content type, and every member; the value of JSON. */
  succeeded<T = unknown>(id: string, answer: Answer): T {
    const contract = endpoint(id);
    const statuses = successes(contract, this.minor);
    assert.ok(
      statuses.includes(answer.status),
      `${answer.status} instead of ${statuses.join(' or ')}: ${answer.text}`,
    );
    const types = typesAt(contract, this.minor);
    const kind = kindAt(contract, this.minor);
    if (types.length > 0 && answer.bytes.length > 0) {
      const type = (answer.headers['content-type'] ?? '').replace(/;.*/, '');
      assert.ok(types.includes(type), `content type ${type} instead of ${types.join(' or ')}`);
    }
    if (kind === 'empty') assert.equal(answer.text, '', 'the documented answer is empty');
    if (kind !== 'json') return undefined as T;
    const value = answer.json<T>();
    assert.deepEqual(complaints(value, fieldsAt(contract, this.minor)), []);
    return value;
  }

  /** Each message of a stream of JSON has the members of its version. */
  messages(id: string, text: string): readonly Readonly<Record<string, unknown>>[] {
    const messages = text
      .split(/(?<=\})\r?\n?(?=\{)/)
      .filter((each) => each.trim() !== '')
      .map((each) => JSON.parse(each) as Record<string, unknown>);
    const fields = fieldsAt(endpoint(id), this.minor);
    // Of networks and volumes neither status nor id is told: those members are older than they.
    for (const message of messages.filter(({ Type }) => Type !== 'network' && Type !== 'volume'))
      assert.deepEqual(complaints(message, fields), [], JSON.stringify(message));
    return messages;
  }

  /** A failure: status and words of this version, in its form of an error. */
  failed(id: string, answer: Answer, status: number, words: string | RegExp | Texts): void {
    assert.equal(answer.status, status, answer.text);
    assert.ok(mayFailWith(endpoint(id), this.minor, status), `the contract has no ${status} here`);
    this.says(answer, words);
  }

  /** The words alone. */
  says(answer: Answer, words: string | RegExp | Texts): void {
    const wanted = typeof words === 'string' || words instanceof RegExp ? words : this.since(...words);
    const type = this.minor < 24 ? 'text/plain; charset=utf-8' : 'application/json';
    if (answer.bytes.length > 0) assert.equal(answer.headers['content-type'], type);
    const told =
      this.minor < 24 || answer.bytes.length === 0 ? answer.text : answer.json<{ message: string }>().message;
    if (typeof wanted === 'string') assert.equal(told.replace(/\n$/, ''), wanted);
    else assert.match(told.replace(/\n$/, ''), wanted);
  }

  /** Removes every container that was made here. */
  async tidy(): Promise<void> {
    for (const id of this.#containers.splice(0)) {
      await this.newest.post(`/containers/${id}/unpause`);
      await this.newest.delete(`/containers/${id}?force=1&v=1`);
    }
  }
}

/** One thing that a version promises of one endpoint. */
export interface Check {
  readonly endpoint: string;
  readonly what: string;
  /** Minor versions, both included; by default all that have the endpoint. */
  readonly from?: number;
  readonly until?: number;
  /** Also where the version no longer has the endpoint: that is what is checked. */
  readonly beyond?: boolean;
  run(probe: Probe): Promise<void>;
}

/** Declares a check for the versions that have the endpoint, or some of them. */
export const check = (
  id: string,
  what: string,
  run: (probe: Probe) => Promise<void>,
  { from, until }: { readonly from?: number; readonly until?: number } = {},
): Check => ({
  endpoint: id,
  what,
  run,
  ...(from !== undefined && { from }),
  ...(until !== undefined && { until }),
});
