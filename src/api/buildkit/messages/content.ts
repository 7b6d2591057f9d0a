/** Messages of `containerd.services.content.v1.Content`: stores of blobs that a client offers in its session. */
import { bytes, int32, int64, string } from '../wire/field.ts';
import { message, part } from '../wire/message.ts';

const BlobInfo = message({ digest: string(1), size: int64(2) });
export const BlobInfoRequest = message({ digest: string(1) });
export const BlobInfoResponse = message({ info: part(1, BlobInfo) });

export const ReadBlobRequest = message({ digest: string(1), offset: int64(2), size: int64(3) });
export const ReadBlobResponse = message({ offset: int64(1), data: bytes(2) });

/** What a message of a writer asks for. */
export const WriteAction = { write: 1, commit: 2 } as const;
export const WriteBlobRequest = message({
  action: int32(1),
  /** What the writer is called while it writes. */
  ref: string(2),
  total: int64(3),
  expected: string(4),
  offset: int64(5),
  data: bytes(6),
});
export const WriteBlobResponse = message({ action: int32(1), offset: int64(4), digest: string(6) });
export const AbortBlobRequest = message({ ref: string(1) });
