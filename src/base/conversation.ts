/** Messages both ways over one stream of a connection, each whole. Who does not read makes the other side wait. */
export interface Conversation {
  /** Of the other side, in order, as many at a time as came together; over when it has ended its side. Read once. */
  readonly incoming: AsyncIterable<readonly Buffer[]>;
  /** Resolves when there is room for the next; undefined: there is. @throws what ended the conversation */
  send(message: Buffer): Promise<void> | undefined;
  /** Our side ends. Resolves when the other side has ended well. @throws its failure */
  end(): Promise<void>;
  /** Ends it at once; the other side is told why. Nothing more is read. */
  abort(reason: unknown): void;
}
