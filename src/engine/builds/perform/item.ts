/** Something that a COPY or ADD brings. */
import { createHash } from 'node:crypto';
import type { ByteText } from '../../../formats/tar/entry.ts';
import type { CopiedFiles } from '../../../storage/index.ts';

/** Something to be copied, and what tells it apart from others. */
export interface Item {
  /** `file:…` or `dir:…`, as history has it. */
  readonly hash: string;
  /** Files to copy, and where below the destination; '' is the destination itself. */
  readonly from: CopiedFiles;
  readonly below: ByteText;
}

/** Hexadecimal. */
export const sha256 = (of: string | Buffer): string => createHash('sha256').update(of).digest('hex');
