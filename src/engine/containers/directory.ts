/** All containers, found by name, id or id prefix. */
import { containerFailure } from '../../model/failures/container.ts';
import type { Container } from './container.ts';
import { allReadable } from './set-aside.ts';

/** The grammar that every engine since 2013 has used for container names. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** @throws InvalidArgument */
export function checkName(name: string): string {
  const bare = name.replace(/^\//, '');
  if (!NAME.test(bare)) throw containerFailure.nameInvalid({ name });
  return bare;
}

/** All containers there are. */
export class Directory {
  /** Those that nobody can find, because their records cannot be read. Known once the daemon has recovered. */
  unreadable = allReadable();
  readonly #byId = new Map<string, Container>();
  /** Names that are taken, also by containers that are being made. */
  readonly #names = new Map<string, string>();

  /** @throws NotFound, InvalidArgument for a prefix that several ids share */
  find(name: string): Container {
    const exact = this.peek(name);
    if (exact) return exact;
    const matches = this.#withPrefix(name);
    if (matches.length > 1) throw containerFailure.idAmbiguous({ prefix: name });
    const [found] = matches;
    if (found === undefined) throw containerFailure.notFound({ name });
    return found;
  }

  /** The same, when what an earlier daemon left of the container is this one's. @throws also why it could not be adopted */
  async adopted(name: string): Promise<Container> {
    const container = this.find(name);
    await container.adopted();
    return container;
  }

  /** Resolves when no container is said to run that ended while no daemon was there. */
  async certain(): Promise<void> {
    const ended = [...this.#byId.values()].filter(({ adoption }) => adoption?.ended);
    await Promise.all(ended.map((container) => container.certain()));
  }

  /** What {@link find} finds; undefined where it finds none, or several. */
  lookUp(name: string): Container | undefined {
    const [found, ...more] = this.#withPrefix(name);
    return this.peek(name) ?? (more.length === 0 ? found : undefined);
  }

  #withPrefix(prefix: string): Container[] {
    if (!/^[0-9a-f]+$/.test(prefix)) return [];
    return [...this.#byId.values()].filter(({ id }) => id.startsWith(prefix));
  }

  /** The container of exactly that id, name or link's name (`web/db`), if there is one. */
  peek(name: string): Container | undefined {
    const bare = name.replace(/^\//, '');
    return this.#byId.get(name) ?? this.named(bare) ?? this.#linked(bare);
  }

  /** The container of exactly that id. */
  get(id: string): Container | undefined {
    return this.#byId.get(id);
  }

  /** The container of exactly that name, without a slash. */
  named(name: string): Container | undefined {
    return this.#byId.get(this.#names.get(name) ?? '');
  }

  /** What a container calls another: its name, a slash, and an alias, which has no slash. */
  #linked(name: string): Container | undefined {
    const slash = name.indexOf('/');
    if (slash < 0) return undefined;
    const alias = name.slice(slash + 1);
    const link = this.named(name.slice(0, slash))?.record.links?.find((each) => each.alias === alias);
    return link && this.get(link.id);
  }

  /** Takes the name for `id`. @throws Conflict when another has it */
  reserve(name: string, id: string): void {
    const holder = this.#names.get(name);
    if (holder !== undefined && holder !== id) throw containerFailure.nameTaken({ name, holder });
    this.#names.set(name, id);
  }
  release(name: string, id: string): void {
    if (this.#names.get(name) === id) this.#names.delete(name);
  }
  isTaken(name: string): boolean {
    return this.#names.has(name);
  }

  add(container: Container): void {
    this.#byId.set(container.id, container);
    this.#names.set(container.record.name, container.id);
  }
  remove(container: Container): void {
    this.#byId.delete(container.id);
    this.release(container.record.name, container.id);
  }

  /** In no order. */
  [Symbol.iterator](): IterableIterator<Container> {
    return this.#byId.values();
  }
  get size(): number {
    return this.#byId.size;
  }
  /** Newest first, as lists show them. */
  all(): Container[] {
    return [...this.#byId.values()].sort((a, b) =>
      a.record.created < b.record.created ? 1 : a.record.created > b.record.created ? -1 : 0,
    );
  }
}
