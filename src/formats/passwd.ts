/** Tables of users and groups, as images bring them (passwd(5), group(5)). Pure. */

/** Largest table that is read: an image must not decide how much memory a start or a build takes. */
export const USER_TABLE_BYTES_MAX = 1 << 20;

/** Largest id the kernel takes; 2^32 − 1 means "unchanged". */
export const USER_ID_MAX = 2 ** 31 - 1;

/** The fields of each line; empty lines and those that begin with `#` say nothing. */
export const userTable = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
