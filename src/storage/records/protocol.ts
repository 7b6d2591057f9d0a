/** What the records' owner and its writer thread say to each other. */

/** `text` undefined deletes the row. */
export interface RowChange {
  readonly table: string;
  readonly key: string;
  readonly text: string | undefined;
}

export type ToWriter =
  | { readonly is: 'write'; readonly id: number; readonly changes: readonly RowChange[] }
  | { readonly is: 'load'; readonly id: number; readonly table: string }
  | { readonly is: 'close'; readonly id: number };

export type FromWriter =
  | { readonly is: 'done'; readonly id: number }
  | { readonly is: 'failed'; readonly id: number; readonly message: string }
  | { readonly is: 'rows'; readonly id: number; readonly rows: readonly [key: string, value: unknown][] }
  | { readonly is: 'damaged'; readonly table: string; readonly key: string; readonly damage: string }
  | { readonly is: 'setAside'; readonly path: string; readonly damage: string; readonly saved: number };
