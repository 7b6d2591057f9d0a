/**
 * Containers whose records cannot be read. Clients do not see them, and nothing of theirs is touched: their processes
 * run on, their files, layers, volumes and images stay, until a release can read the record or a person gives it up
 * (`gantry fsck --give-up`).
 */
import type { ReadRows, SetAsideRow } from '../../storage/index.ts';
import type { ContainerRecord } from './record.ts';

/** What is known of containers whose records cannot be read: their ids, and the words that stand in their rows. */
export class UnreadableContainers {
  readonly #rows: Map<string, SetAsideRow>;
  readonly #words: Map<string, ReadonlySet<string>>;
  readonly #rowsWereLost: boolean;

  constructor({ setAside, rowsWereLost }: Omit<ReadRows<ContainerRecord>, 'rows'>) {
    this.#rows = new Map(setAside);
    this.#words = new Map([...setAside].map(([id, { text }]) => [id, wordsOf(text)]));
    this.#rowsWereLost = rowsWereLost;
  }

  /** One more, whose run cannot be made out: its row stays where it is, and the next start tries again. */
  add(id: string, row: SetAsideRow): void {
    this.#rows.set(id, row);
    this.#words.set(id, wordsOf(row.text));
  }

  /** Ids and rows. */
  get rows(): ReadonlyMap<string, SetAsideRow> {
    return this.#rows;
  }

  /** Whether something without an owner on record may be such a container's: a task, a directory, a layer. */
  mayOwn(name: string): boolean {
    return this.#rowsWereLost || this.#rows.has(name) || this.usersOf(name).length > 0;
  }

  /** Ids of those whose rows name it: an image's id, a volume's name. */
  usersOf(name: string): string[] {
    return [...this.#words].filter(([, words]) => words.has(name)).map(([id]) => id);
  }

  /** Each word in a row that could be the name of something, with the id of the row's container. */
  *words(): Iterable<readonly [word: string, id: string]> {
    for (const [id, words] of this.#words) for (const word of words) yield [word, id];
  }
}

/** For an engine that can read all of its records. */
export const allReadable = (): UnreadableContainers =>
  new UnreadableContainers({ setAside: new Map(), rowsWereLost: false });

/** The strings in a text that was JSON, however torn it is now. */
function wordsOf(text: string): Set<string> {
  return new Set([...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => word));
}
