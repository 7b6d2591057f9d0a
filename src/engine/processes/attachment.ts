/** The client's end of a process's streams: input with detach keys, output, and one close for both. */
import { Writable } from 'node:stream';
import type { Attachment, OutputChunk } from '../engine.ts';
import { DetachScanner } from './detach-keys.ts';

export interface ConversationParts {
  readonly terminal: boolean;
  readonly output: AsyncIterable<OutputChunk> | undefined;
  /** Where input goes, when the process is there to take it; undefined when it never comes. */
  readonly input: (() => Promise<Writable | undefined>) | undefined;
  /** Only a terminal's input is searched for them. */
  readonly detachKeys: Buffer;
  close(): void;
}

export function conversation(parts: ConversationParts): Attachment {
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
  parts: ConversationParts,
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
