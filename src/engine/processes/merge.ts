/** Two streams as one, in the order in which their bytes come. */
import type { OutputChunk } from './attachment.ts';

interface Port {
  chunks(): AsyncGenerator<Buffer>;
}
type Turn = { readonly stream: OutputChunk['stream']; readonly result: IteratorResult<Buffer> };

/** Ends when every stream has ended and `after` is settled. */
export async function* mergeOutputs(
  outputs: ReadonlyMap<OutputChunk['stream'], Port>,
  after: Promise<unknown>,
): AsyncGenerator<OutputChunk> {
  const sources = new Map([...outputs].map(([stream, port]) => [stream, port.chunks()]));
  const next = async (stream: OutputChunk['stream'], source: AsyncGenerator<Buffer>): Promise<Turn> => ({
    stream,
    result: await source.next(),
  });
  const waiting = new Map([...sources].map(([stream, source]) => [stream, next(stream, source)]));
  try {
    while (waiting.size > 0) {
      const { stream, result } = await Promise.race(waiting.values());
      const source = sources.get(stream);
      if (result.done || source === undefined) {
        waiting.delete(stream);
        continue;
      }
      yield { stream, bytes: result.value };
      waiting.set(stream, next(stream, source));
    }
    await after;
  } finally {
    await Promise.all([...sources.values()].map((source) => source.return(undefined)));
  }
}
