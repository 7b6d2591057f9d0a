/** What the host sides of a network's cables are called. */
import { randomBytes } from 'node:crypto';

/** IFNAMSIZ without its NUL. */
const NAME_MAX = 15;
const DIGITS = 36;
/** Whatever is read of it: its digits are what is left of the name. */
const RANDOM_BYTES = 8;

/**
 * A name that nobody has. Five digits are left behind a prefix of ten: names of chance alone meet among a thousand, and
 * what `isTaken` does not know (an interface that is on its way to its sandbox) is few.
 */
export function freeCableName(
  prefix: string,
  isTaken: (name: string) => boolean,
  random: (bytes: number) => Buffer = randomBytes,
): string {
  for (;;) {
    const digits = random(RANDOM_BYTES).readBigUInt64LE().toString(DIGITS).padStart(NAME_MAX, '0');
    const name = `${prefix}${digits.slice(prefix.length - NAME_MAX)}`;
    if (!isTaken(name)) return name;
  }
}
