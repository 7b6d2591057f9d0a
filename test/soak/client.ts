/** A client of the soak: it asks, expects one answer, and after the daemon's death finds out what became of its deed. */
import { FrameReader } from '../../src/formats/frames.ts';
import type { Life } from '../crash/life.ts';
import type { Answer, Ask } from '../harness/http.ts';
import type { Ledger } from './ledger.ts';

/** An answer that was not to come; what it belongs to is given up. */
export class Unexpected extends Error {}

interface Inspected {
  readonly Id: string;
  readonly State: { readonly Running: boolean; readonly StartedAt: string };
}

const NEVER = '0001-01-01T00:00:00Z';

/** One client. Names that it gives are its own. */
export class Client {
  readonly life: Life;
  readonly ledger: Ledger;
  readonly name: string;
  #made = 0;

  constructor(life: Life, ledger: Ledger, name: string) {
    this.life = life;
    this.ledger = ledger;
    this.name = name;
  }

  /** A name that nobody else gives. */
  newName = (): string => `${this.name}-${++this.#made}`;

  /** @throws Unexpected when the status is none of `wanted`, Cut when the daemon died */
  async ask(
    kind: string,
    wanted: readonly number[],
    [method, path]: readonly [string, string],
    ask: Ask = {},
  ): Promise<Answer> {
    const answer = await this.life.ask(method, path, ask);
    if (!wanted.includes(answer.status))
      throw new Unexpected(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 300).trim()}`);
    this.ledger.done(kind);
    return answer;
  }

  /** The same, again after each death; the second time `also` is an answer too, as what was asked for may have been done. */
  settled = (
    kind: string,
    [wanted, also]: readonly [number, readonly number[]],
    request: readonly [string, string],
    ask: () => Ask = () => ({}),
  ): Promise<Answer> =>
    this.life.settled((again) => this.ask(kind, again ? [wanted, ...also] : [wanted], request, ask()));

  /** Its id. */
  create = (name: string, body: object): Promise<string> =>
    this.life.settled(async (again) => {
      const there = again ? await this.#inspect(name) : undefined;
      const id =
        there?.Id ??
        (await this.ask('create', [201], ['POST', `/containers/create?name=${name}`], { body })).json<{
          Id: string;
        }>().Id;
      this.ledger.ids.add(id);
      return id;
    });

  start = (id: string): Promise<void> =>
    this.life.settled(async (again) => {
      const there = again ? await this.#inspect(id) : undefined;
      if (there !== undefined && there.State.StartedAt !== NEVER) return;
      await this.ask('start', again ? [204, 304] : [204], ['POST', `/containers/${id}/start`]);
    });

  kill = (id: string, signal: string): Promise<Answer> =>
    this.settled('kill', [204, [409]], ['POST', `/containers/${id}/kill?signal=${signal}`]);

  stop = (id: string): Promise<Answer> =>
    this.settled('stop', [204, [304]], ['POST', `/containers/${id}/stop?t=20`]);

  /** With its anonymous volumes. */
  remove = (id: string): Promise<Answer> =>
    this.settled('rm', [204, [404]], ['DELETE', `/containers/${id}?force=1&v=1`]);

  /** Waits for its end, which has to be with this code. */
  async endsWith(id: string, code: number): Promise<void> {
    const answer = await this.settled('wait', [200, []], ['POST', `/containers/${id}/wait`]);
    const { StatusCode } = answer.json<{ StatusCode: number }>();
    if (StatusCode !== code) throw new Unexpected(`${id} ended with ${StatusCode} instead of ${code}`);
  }

  /** Runs a program in it to its end; what it said, and its exit code. */
  exec = (id: string, Cmd: readonly string[]): Promise<{ said: string; code: number }> =>
    this.life.settled(async () => {
      const body = { AttachStdout: true, Cmd };
      const made = await this.ask('exec', [201], ['POST', `/containers/${id}/exec`], { body });
      const { Id } = made.json<{ Id: string }>();
      const start = await this.ask('exec', [200], ['POST', `/exec/${Id}/start`], { body: {} });
      const said = streamsOf(start.bytes).stdout;
      const shown = await this.ask('exec', [200], ['GET', `/exec/${Id}/json`]);
      return { said, code: shown.json<{ ExitCode: number }>().ExitCode };
    });

  /** Both streams of what it has written. */
  async logs(id: string): Promise<{ stdout: string; stderr: string }> {
    const path = `/containers/${id}/logs?stdout=1&stderr=1`;
    return streamsOf((await this.settled('logs', [200, []], ['GET', path])).bytes);
  }

  /** A stream of messages that has to tell of no failure. */
  messages = (kind: string, path: string, ask: () => Ask = () => ({})): Promise<string> =>
    this.life.settled(async () => {
      const { text } = await this.ask(kind, [200], ['POST', path], ask());
      if (/"error(Detail)?":/.test(text)) throw new Unexpected(`POST ${path}: ${text.slice(-300)}`);
      return text;
    });

  async #inspect(id: string): Promise<Inspected | undefined> {
    const answer = await this.life.ask('GET', `/containers/${id}/json`);
    if (answer.status === 200) return answer.json<Inspected>();
    if (answer.status === 404) return undefined;
    throw new Unexpected(`inspect ${id}: ${answer.status} ${answer.text}`);
  }
}

/** What came on each stream. @throws Unexpected when it ends within a frame */
function streamsOf(bytes: Buffer): { stdout: string; stderr: string } {
  const reader = new FrameReader();
  const parts = { stdin: [] as Buffer[], stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const { stream, payload } of reader.push(bytes)) parts[stream].push(Buffer.from(payload));
  if (!reader.atBoundary) throw new Unexpected('a stream ended within a frame');
  return { stdout: Buffer.concat(parts.stdout).toString(), stderr: Buffer.concat(parts.stderr).toString() };
}
