/** A store of blobs that a client offers in its session, by containerd's content service. The client may lie. */
import type { LentBlob, LentStore } from '../../../engine/index.ts';
import { lentFailure } from '../../../model/failures/lent.ts';
import type { Metadata } from '../grpc/client.ts';
import { Code, GrpcError } from '../grpc/status.ts';
import {
  AbortBlobRequest,
  BlobInfoRequest,
  BlobInfoResponse,
  ReadBlobRequest,
  ReadBlobResponse,
  WriteAction,
  WriteBlobRequest,
  WriteBlobResponse,
} from '../messages/content.ts';
import { Nothing } from '../messages/control.ts';
import type { Infer } from '../wire/message.ts';
import type { Session } from './sessions.ts';
import { soon } from './soon.ts';

const SERVICE = '/containerd.services.content.v1.Content';
/** Other programs take no message of more than 4 MiB. */
const PIECE_BYTES = 1 << 20;
/** Servers say the last thing once more when a blob is whole. */
const FAREWELLS_MAX = 4;
/** What is half written may stay with a client that does not answer so long. */
const ABORT_MS = 5000;

type Answer = Infer<typeof WriteBlobResponse>;
type Request = Partial<Infer<typeof WriteBlobRequest>>;

/** The store of that id: `local:DIRECTORY` is a cache, `oci:NAME` a layout. */
export function lentStore(session: Session, id: string): LentStore {
  const { calls, offers } = session;
  const checked = (): Metadata => {
    if (!offers(`${SERVICE}/Info`)) throw lentFailure.storeMissing();
    return metadataOf(id);
  };
  return {
    async sizeOf(digest, signal) {
      const kinds = [BlobInfoRequest, BlobInfoResponse] as const;
      try {
        const { info } = await calls.one(`${SERVICE}/Info`, kinds, { digest }, soon(signal), checked());
        const { size = -1, digest: named } = info ?? {};
        if (named !== digest || !Number.isSafeInteger(size) || size < 0)
          throw lentFailure.answerInvalid({ digest, why: `it is ${named} of ${size} bytes` });
        return size;
      } catch (error) {
        if (error instanceof GrpcError && error.code === Code.notFound) return undefined;
        throw error;
      }
    },
    read: (blob, signal) => readBlob(session, checked(), blob, signal),
    write: (bytes, digest, signal) => writeBlob(session, checked(), { bytes, digest }, signal),
  };
}

/** Clients take the id as it is: a directory's name goes along in the bytes that it has. */
function metadataOf(id: string): Metadata {
  if (/\p{Cc}|^ | $/u.test(id)) throw lentFailure.idInvalid({ id });
  return { 'buildkit-attachable-store-id': [Buffer.from(id).toString('latin1')] };
}

async function* readBlob(
  { calls }: Session,
  metadata: Metadata,
  { digest, size }: LentBlob,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const wrong = (why: string) => lentFailure.answerInvalid({ digest, why });
  const talk = calls.talk(`${SERVICE}/Read`, metadata, signal);
  // Reading begins at once: the end of our side must not throw away what comes.
  const incoming = talk.incoming[Symbol.asyncIterator]();
  try {
    await talk.send(ReadBlobRequest.encode({ digest, size }));
    talk.end().catch(() => undefined); // told when all was read
    let at = 0;
    for await (const messages of { [Symbol.asyncIterator]: () => incoming })
      for (const message of messages) {
        const { offset, data } = ReadBlobResponse.decode(message);
        if (offset !== at) throw wrong(`bytes from ${offset} on where ${at} is next`);
        if (data.length === 0) throw wrong(`no bytes from ${at} on`);
        at += data.length;
        if (at > size) throw wrong(`more than ${size} bytes`);
        yield data;
      }
    if (at < size) throw wrong(`${at} of ${size} bytes`);
  } catch (error) {
    if (error instanceof GrpcError && error.code === Code.notFound) throw lentFailure.blobMissing({ digest });
    throw error;
  } finally {
    talk.abort(undefined);
  }
}

interface Writing {
  readonly bytes: AsyncIterable<Buffer> | Iterable<Buffer>;
  readonly digest: () => Promise<string>;
}

async function writeBlob(
  { calls }: Session,
  metadata: Metadata,
  writing: Writing,
  signal: AbortSignal,
): Promise<void> {
  // A name of its own: what another build left half written is nothing to go on with.
  const ref = `gantry-${crypto.randomUUID()}`;
  const talk = calls.talk(`${SERVICE}/Write`, metadata, signal);
  const answers = answersIn(talk.incoming);
  const say = (request: Request) => talk.send(WriteBlobRequest.encode({ ref, ...request }));
  const answer = async (): Promise<Answer> => {
    const { done, value } = await answers.next();
    if (done) throw lentFailure.notStored({ why: 'it has ended' });
    return value;
  };
  try {
    const at = await put(writing, say, answer);
    const expected = await writing.digest();
    await say({ action: WriteAction.commit, offset: at, total: at, expected });
    talk.end().catch(() => undefined); // told by the answers
    const { digest } = await answer();
    if (digest !== expected) throw lentFailure.notStored({ why: `it has made ${digest} of ${expected}` });
    for (let said = 0; !(await answers.next()).done; said++)
      if (said === FAREWELLS_MAX) throw lentFailure.notStored({ why: 'it does not end' });
  } catch (error) {
    // As good as written: it was there.
    if (error instanceof GrpcError && error.code === Code.alreadyExists) return;
    talk.abort(error);
    const ending = AbortSignal.timeout(ABORT_MS);
    await calls
      .one(`${SERVICE}/Abort`, [AbortBlobRequest, Nothing], { ref }, ending, metadata)
      .catch(() => undefined); // the client is gone, or has nothing of it
    throw error;
  }
}

/** Piece by piece, each when the one before it has been taken. Gives their bytes. */
async function put(
  { bytes }: Writing,
  say: (request: Request) => Promise<void> | undefined,
  answer: () => Promise<Answer>,
): Promise<number> {
  let at = 0;
  for await (const chunk of bytes)
    for (let from = 0; from < chunk.length; from += PIECE_BYTES) {
      const data = chunk.subarray(from, from + PIECE_BYTES);
      await say({ action: WriteAction.write, offset: at, data });
      at += data.length;
      const { offset } = await answer();
      if (offset !== at) throw lentFailure.notStored({ why: `it has ${offset} bytes of ${at}` });
    }
  return at;
}

async function* answersIn(incoming: AsyncIterable<readonly Buffer[]>): AsyncGenerator<Answer, void> {
  for await (const messages of incoming)
    for (const message of messages) yield WriteBlobResponse.decode(message);
}
