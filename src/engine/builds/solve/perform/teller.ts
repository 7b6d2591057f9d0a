/** Tells a client how the vertices of its build are: each as a whole whenever something of it has changed. */
import type { Nanos } from '../../../../base/time.ts';
import type { BuildEvent, StatusEvent, VertexEvent } from '../../../../model/build-event.ts';
import type { Vertex } from '../plan/nodes.ts';

/** How far a part of a vertex is. */
export interface Part {
  readonly id: string;
  readonly name?: string;
  readonly current?: number;
  readonly total?: number;
  readonly isDone?: boolean;
}

/** What is told, and the clock that it is told by. */
export interface TellerDeps {
  readonly tell: (event: BuildEvent) => Promise<void> | undefined;
  readonly now: () => Nanos;
}

/** Vertices of one build, as they were told last. */
export class Teller {
  readonly #deps: TellerDeps;
  readonly #vertices = new Map<string, VertexEvent>();
  readonly #parts = new Map<string, StatusEvent>();

  constructor(deps: TellerDeps) {
    this.#deps = deps;
  }

  /** It will be worked on. */
  announce(vertex: Vertex): void {
    if (!this.#vertices.has(vertex.digest)) this.#tellVertex(vertex, {});
  }

  begin(vertex: Vertex): void {
    if (this.#vertices.get(vertex.digest)?.started === undefined)
      this.#tellVertex(vertex, { started: this.#deps.now() });
  }

  /** `error`: why it failed; without one it is done. */
  end(
    vertex: Vertex,
    { cached = false, error }: { cached?: boolean; error?: string | undefined } = {},
  ): void {
    const known = this.#vertices.get(vertex.digest);
    if (known?.completed !== undefined) return;
    const completed = this.#deps.now();
    const changes = { started: known?.started ?? completed, completed, error };
    this.#tellVertex(vertex, cached ? { ...changes, cached } : changes);
  }

  /** Something has made use of what was there. */
  used(vertex: Vertex): void {
    const known = this.#vertices.get(vertex.digest);
    if (known?.completed !== undefined && !known.cached) this.#tellVertex(vertex, { cached: true });
  }

  part(vertex: Vertex, { id, name, current = 0, total = 0, isDone = false }: Part): void {
    const key = `${vertex.digest} ${id}`;
    const at = this.#deps.now();
    const known = this.#parts.get(key);
    const event: StatusEvent = {
      is: 'status',
      vertex: vertex.digest,
      id,
      ...(name === undefined ? {} : { name }),
      current,
      total,
      at,
      started: known?.started ?? at,
      ...(isDone ? { completed: at } : {}),
    };
    this.#parts.set(key, event);
    this.#deps.tell(event);
  }

  /** Resolves when there is room for more. */
  async wrote(vertex: Vertex, stream: 1 | 2, bytes: Buffer): Promise<void> {
    await this.#deps.tell({ is: 'log', vertex: vertex.digest, stream, bytes, at: this.#deps.now() });
  }

  /** As it is. */
  tell(event: BuildEvent): void {
    this.#deps.tell(event);
  }

  #tellVertex(
    { digest, name, inputs }: Vertex,
    changes: Partial<Pick<VertexEvent, 'cached' | 'started' | 'completed' | 'error'>>,
  ): void {
    const known = this.#vertices.get(digest);
    const event: VertexEvent = { is: 'vertex', digest, inputs, name, ...known, ...changes };
    this.#vertices.set(digest, event);
    this.#deps.tell(event);
  }
}
