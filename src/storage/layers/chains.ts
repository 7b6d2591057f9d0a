/** The layers that are on record, and how they stand on each other. */
import { join } from 'node:path';
import { NotFound } from '../../base/errors.ts';
import type { ChainId } from '../storage.ts';
import type { LayerRow } from './rows.ts';

/** Rows of layers by chain id, in memory; whoever changes `rows` has changed the records before. */
export class Chains {
  readonly rows: Map<ChainId, LayerRow>;
  readonly #directory: string;

  /** `directory`: where each layer's own one lies. */
  constructor(rows: Map<ChainId, LayerRow>, directory: string) {
    this.rows = rows;
    this.#directory = directory;
  }

  directoryOf(row: LayerRow): string {
    return join(this.#directory, row.name);
  }

  /** A layer and those below it, topmost first. @throws NotFound when one is missing */
  from(top: ChainId): LayerRow[] {
    const chain: LayerRow[] = [];
    for (let at: ChainId | undefined = top; at !== undefined; at = chain.at(-1)?.parent) {
      const row = this.rows.get(at);
      if (!row) throw new NotFound(`layer does not exist: ${at}`);
      chain.push(row);
    }
    return chain;
  }

  /** Directories that show through, topmost first. @throws NotFound */
  directoriesOf(top: ChainId): string[] {
    const chain = this.from(top);
    const opaque = chain.findIndex((row) => row.opaqueRoot);
    return chain.slice(0, opaque < 0 ? chain.length : opaque + 1).map((row) => this.directoryOf(row));
  }
}
