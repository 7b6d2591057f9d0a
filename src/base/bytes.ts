/** Bytes that come piece by piece. */

/** All of them in one, for what is small. @throws what `tooLarge` makes when they are more than `most` */
export async function gather(
  pieces: AsyncIterable<Buffer>,
  most: number,
  tooLarge: () => Error,
): Promise<Buffer> {
  const all: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > most) throw tooLarge();
    all.push(piece);
  }
  return Buffer.concat(all);
}
