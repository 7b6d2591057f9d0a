/** Zeros that are known to be a hole of a file: told from other bytes by their memory, so that nobody has to look at them. */

/** As much as a piece of an archive has, at most. Nobody writes to it. */
const ZEROS = Buffer.alloc(1 << 20);

/** At most 1 MiB of zeros that {@link isHole} knows. */
export const holeOf = (bytes: number): Buffer => ZEROS.subarray(0, bytes);

/** Whether they are of {@link holeOf}, or a part of that: then they need not be written where nothing is yet. */
export const isHole = ({ buffer }: Buffer): boolean => buffer === ZEROS.buffer;
