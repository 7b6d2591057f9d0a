/** The client's end of a process's streams: input with detach keys, output, and one close for both. */
import { Writable } from 'node:stream';
import { DetachScanner } from './detach-keys.ts';

/** Bytes of one stream, in the order they were written to it. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
}

/** A client's end of a process's streams. The owner must call `close` whatever happens. */
export interface Attachment {
  /** A terminal's bytes are never framed. */
  readonly terminal: boolean;
  /** Ends when the process has ended and all of its output was given, or after `close`. Undefined: not asked for. */
  readonly output: AsyncIterable<OutputChunk> | undefined;
  /** Ending it ends stdin as the container's settings say (StdinOnce). Undefined: not asked for, or no stdin. */
  readonly input: Writable | undefined;
  /** Resolves when the detach keys were typed; then the attachment is over though the process runs on. */
  readonly detached: Promise<void>;
  close(): void;
}

/** A terminal's size in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** What an attachment is made of. */
export interface AttachmentParts {
  readonly terminal: boolean;
  readonly output: AsyncIterable<OutputChunk> | undefined;
  /** Where input goes, when the process is there to take it; undefined when it never comes. */
  readonly input: (() => Promise<Writable | undefined>) | undefined;
  /** Only a terminal's input is searched for them. */
  readonly detachKeys: Buffer;
  close(): void;
}

/** Puts an attachment together: detach keys are looked for in a terminal's input. */
export function makeAttachment(parts: AttachmentParts): Attachment {
  const detached = Promise.withResolvers<void>();
  const input = parts.input === undefined ? undefined : inputOf(parts, parts.input, detached.resolve);
  return {
    terminal: parts.terminal,
    output: parts.output,
    input,
    detached: detached.promise,
    close: () => parts.close(),
  };
}

function inputOf(
  parts: AttachmentParts,
  open: () => Promise<Writable | undefined>,
  onDetach: () => void,
): Writable {
  const scanner =
    parts.terminal && parts.detachKeys.length > 0 ? new DetachScanner(parts.detachKeys) : undefined;
  let target: Promise<Writable | undefined> | undefined;
  let over = false;
  return new Writable({
    highWaterMark: 1 << 20,
    write(chunk: Buffer, _encoding, done) {
      if (over) {
        done();
        return;
      }
      const { pass, detached } = scanner?.scan(chunk) ?? { pass: chunk, detached: false };
      over = detached;
      target ??= open();
      target
        .then((writable) =>
          writable === undefined || pass.length === 0 ? undefined : writeTo(writable, pass),
        )
        .then(() => {
          if (detached) onDetach();
          done();
        }, done);
    },
    final(done) {
      target ??= open();
      target
        .then(
          (writable) => writable?.end(),
          () => undefined,
        )
        .then(() => done());
    },
  });
}

const writeTo = (writable: Writable, bytes: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    writable.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
