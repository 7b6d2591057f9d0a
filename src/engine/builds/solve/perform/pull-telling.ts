/** What a pull says, as parts of the vertex that waits for it. */
import type { Progress } from '../../../../model/progress.ts';
import type { Vertex } from '../plan/nodes.ts';
import type { Teller } from './teller.ts';

/** One pull. Layers are told by what they are called in its messages. */
export class PullTelling {
  readonly #teller: Teller;
  readonly #vertex: Vertex;
  readonly #open = new Map<string, Layer>();
  #digest = '';

  constructor(teller: Teller, vertex: Vertex) {
    this.#teller = teller;
    this.#vertex = vertex;
  }

  say({ id, status = '', progressDetail }: Progress): void {
    if (status.startsWith(DIGEST)) this.#digest = status.slice(DIGEST.length);
    if (id === undefined || status.startsWith('Pulling from ')) return;
    const { current = 0, total = 0 } = progressDetail ?? {};
    const known = this.#open.get(id) ?? { name: 'downloading', current: 0, total: 0 };
    const name = status === 'Extracting' ? 'extracting' : known.name;
    const next =
      name === known.name
        ? { name, current: Math.max(current, known.current), total: total || known.total }
        : { name, current, total };
    this.#open.set(id, next);
    this.#tell(id, next, /^(?:Pull complete|Already exists)$/.test(status));
  }

  /** The digest of what was pulled. */
  done(): string {
    for (const [id, layer] of this.#open) this.#tell(id, layer, true);
    return this.#digest;
  }

  #tell(id: string, layer: Layer, isDone: boolean): void {
    const shown = layer.name === 'extracting' ? `extracting ${id}` : id;
    this.#teller.part(this.#vertex, { id: shown, ...layer, isDone });
  }
}

/** What is being done with it, and how far that is. */
interface Layer {
  readonly name: string;
  readonly current: number;
  readonly total: number;
}

const DIGEST = 'Digest: ';
