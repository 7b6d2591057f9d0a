/** What the records' owner and its writer thread say to each other. */

/** A change of one row; `text` undefined deletes it. */
export interface RowChange {
  readonly table: string;
  readonly key: string;
  readonly text: string | undefined;
}

/** A stored row, with the checksum that tells whether it was changed since. */
export interface LoadedRow {
  readonly key: string;
  readonly value: unknown;
  readonly sum: number;
}

/** A row that was set aside, just now (`isNew`) or before. `sound`: its content, where the bytes are as they were written. */
export interface LoadedAside {
  readonly key: string;
  readonly text: string;
  readonly damage: string;
  readonly sound: { readonly value: unknown } | undefined;
  readonly isNew: boolean;
}

/** A table as the writer has it. `rowsWereLost`: with a damaged file, some time ago. */
export interface LoadedTable {
  readonly rows: readonly LoadedRow[];
  readonly aside: readonly LoadedAside[];
  readonly rowsWereLost: boolean;
}

/** What reading a table by its kind's schema came to; each part leaves rows alone that were changed meanwhile. */
export interface Settlement {
  readonly table: string;
  /** Rows to set aside. */
  readonly unreadable: readonly { readonly key: string; readonly sum: number; readonly damage: string }[];
  /** Rows in their newest layout. */
  readonly migrated: readonly { readonly key: string; readonly sum: number; readonly text: string }[];
  /** Rows that were set aside and can be read now. */
  readonly restored: readonly { readonly key: string; readonly text: string }[];
}

/** What the writer is asked; each question has an answer of the same `id`. */
export type ToWriter =
  | ({ readonly is: 'settle'; readonly id: number } & Settlement)
  | { readonly is: 'write'; readonly id: number; readonly changes: readonly RowChange[] }
  | { readonly is: 'load'; readonly id: number; readonly table: string }
  | { readonly is: 'close'; readonly id: number };

/** Answers, and news of what was damaged. */
export type FromWriter =
  | { readonly is: 'done'; readonly id: number }
  | { readonly is: 'failed'; readonly id: number; readonly message: string }
  | { readonly is: 'table'; readonly id: number; readonly table: LoadedTable }
  | { readonly is: 'damaged'; readonly table: string; readonly key: string; readonly damage: string }
  | { readonly is: 'setAside'; readonly path: string; readonly damage: string; readonly saved: number };
