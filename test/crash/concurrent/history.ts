/** What clients asked of each object and were answered, for the search for an order. */
import { Cut, type Life } from '../life.ts';
import { type Call, type Model, unexplained } from './linearizable.ts';

/** One object's history. */
export class History<State, Op> {
  readonly name: string;
  readonly #model: Model<State, Op>;
  readonly #calls: Call<Op>[] = [];

  constructor(name: string, model: Model<State, Op>) {
    this.name = name;
    this.#model = model;
  }

  get size(): number {
    return this.#calls.length;
  }

  /** Asks; `seen` says what the answer means, or (undefined) what may have been when there was none. */
  async record(
    life: Life,
    request: readonly [method: string, path: string, body?: unknown],
    seen: (answer: { readonly status: number; readonly text: string } | undefined) => readonly Op[],
  ): Promise<void> {
    const [method, path, body] = request;
    const invokedAt = performance.now();
    try {
      const headers = Buffer.isBuffer(body) ? { 'content-type': 'application/x-tar' } : {};
      const answer = await life.ask(method, path, body === undefined ? {} : { body, headers });
      this.#add(seen(answer), invokedAt, performance.now(), false);
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
      // What the dead daemon was at, it does no more, and what is half done the next one has settled when it answers.
      await life.up();
      this.#add(seen(undefined), invokedAt, performance.now(), true);
    }
  }

  #add(moments: readonly Op[], invokedAt: number, returnedAt: number, isMaybe: boolean): void {
    let behind: Call<Op> | undefined;
    for (const op of moments) {
      const call = { op, invokedAt, returnedAt, isMaybe, ...(behind && !isMaybe ? { behind } : {}) };
      this.#calls.push(call);
      behind = call;
    }
  }

  /** Undefined: there is an order. Else, in words, where every order ends. */
  unexplained(): string | undefined {
    const found = unexplained(this.#model, this.#calls);
    if (found === undefined) return undefined;
    const from = Math.min(...found.next.map(({ invokedAt }) => invokedAt)) - 1000;
    const near = this.#calls.filter(
      ({ invokedAt, returnedAt }) => returnedAt > from && invokedAt < from + 2000,
    );
    const told = (call: Call<Op>) =>
      `    ${call.invokedAt.toFixed(1)}–${call.returnedAt.toFixed(1)}${call.isMaybe ? ' (no answer)' : ''} ${JSON.stringify(call.op)}`;
    return `${this.name}: of ${this.#calls.length} moments ${found.done} have an order, and then it is ${this.#model.key(found.state)}; next is none of\n${found.next.map(told).join('\n')}\n  after\n${near.map(told).join('\n')}`;
  }
}
