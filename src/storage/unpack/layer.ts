/** Unpacks a layer: its archive is hashed as it came and as it is, and its members are written below a directory. */
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { TarReader } from '../../formats/tar/reader.ts';
import { Intake, plainKept } from './intake.ts';
import type { Incoming } from './sources.ts';
import { treeBytes } from './tree-bytes.ts';
import { type TreeTotals, TreeWriter, type TreeWriterOptions } from './tree-writer.ts';

/** How a layer is unpacked. */
export interface UnpackOptions {
  /** An existing, empty directory. */
  readonly into: string;
  /** Where the bytes are kept as they came; undefined for a file, which is kept already. */
  readonly keepAs: string | undefined;
  /** The digest of the bytes as they came is wanted. */
  readonly hashSource: boolean;
  readonly whiteouts: TreeWriterOptions['whiteouts'];
}

/** What a layer's archive was. */
export interface Unpacked {
  /** Hexadecimal SHA-256 of the plain tar stream. */
  readonly diffHash: string;
  /** Of the bytes as they came; undefined when not asked for. */
  readonly sourceHash: string | undefined;
  /** Length of the plain tar stream. */
  readonly plainBytes: number;
  readonly totals: TreeTotals;
}

/** Unpacks what comes in. @throws TarError when the archive is to blame, SystemError */
export async function unpackLayer(incoming: Incoming, options: UnpackOptions): Promise<Unpacked> {
  const { into, keepAs, hashSource, whiteouts } = options;
  const root = openSync(into, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const writer = new TreeWriter(root, { whiteouts });
  const intake = new Intake(hashSource, keepAs);
  try {
    const reader = new TarReader(writer);
    const diff = createHash('sha256');
    let plainBytes = 0;
    for await (const chunk of plainKept(incoming, intake, keepAs)) {
      diff.update(chunk);
      plainBytes += chunk.length;
      reader.push(chunk);
    }
    reader.finish();
    writer.finish();
    const totals = writer.totals;
    return {
      diffHash: diff.digest('hex'),
      sourceHash: intake.digest(),
      plainBytes,
      totals: totals.replaced ? { ...totals, bytes: treeBytes(into) } : totals,
    };
  } finally {
    intake.close();
    writer.close();
    closeSync(root);
  }
}
