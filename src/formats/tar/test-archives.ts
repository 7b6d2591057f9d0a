/** Damaged archives whose damage gets further in than their checksums, for tests. */
import { TAR_BLOCK } from './entry.ts';

/** Gives every block that could be a header a right checksum, so that the damage gets further in. */
export function mendChecksums(archive: Buffer): Buffer {
  for (let at = 0; at + TAR_BLOCK <= archive.length; at += TAR_BLOCK) {
    const block = archive.subarray(at, at + TAR_BLOCK);
    if (block.toString('latin1', 257, 262) !== 'ustar') continue;
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  return archive;
}
