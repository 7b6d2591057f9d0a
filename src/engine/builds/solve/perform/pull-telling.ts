/** What a pull says, as parts of the vertex that waits for it. */
import type { Progress } from '../../../../model/progress.ts';
import type { Vertex } from '../plan/nodes.ts';
import type { Teller } from './teller.ts';

/** One pull. Layers are told by what they are called in its messages. */
export class PullTelling {
  readonly #teller: Teller;
  readonly #vertex: Vertex;
  readonly #resolve: string;
  readonly #open = new Map<string, { name: string; current: number; total: number }>();

  constructor(teller: Teller, vertex: Vertex, reference: string) {
    this.#teller = teller;
    this.#vertex = vertex;
    this.#resolve = `resolve ${reference}`;
    teller.part(vertex, { id: this.#resolve });
  }

  say({ id, status = '', progressDetail }: Progress): void {
    if (id === undefined) return;
    if (this.#open.size === 0) this.#teller.part(this.#vertex, { id: this.#resolve, isDone: true });
    const { current = 0, total = 0 } = progressDetail ?? {};
    const known = this.#open.get(id) ?? { name: 'downloading', current: 0, total: 0 };
    const name = status === 'Extracting' ? 'extracting' : known.name;
    const next =
      name === known.name
        ? { name, current: Math.max(current, known.current), total: total || known.total }
        : { name, current, total };
    this.#open.set(id, next);
    const isDone = /^(?:Pull complete|Already exists)$/.test(status);
    this.#teller.part(this.#vertex, {
      id: next.name === 'extracting' ? `extracting ${id}` : id,
      ...next,
      isDone,
    });
  }

  done(): void {
    this.#teller.part(this.#vertex, { id: this.#resolve, isDone: true });
    for (const [id, { name, current, total }] of this.#open)
      this.#teller.part(this.#vertex, {
        id: name === 'extracting' ? `extracting ${id}` : id,
        ...{ name, current, total, isDone: true },
      });
  }
}
