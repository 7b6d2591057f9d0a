/** The other side of a file sync breaks the protocol, or a limit; the text says how. */
export class SyncError extends Error {
  override readonly name = 'SyncError';
}
