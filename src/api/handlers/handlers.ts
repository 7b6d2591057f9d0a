/** What a handler gets and gives: derived from the contract, so that a missing or wrong one does not compile. */
import type { Readable } from 'node:stream';
import type { Attachment, Engine, LogOutput } from '../../engine/index.ts';
import type { HostConfig } from '../../model/container.ts';
import type {
  ArchiveAnswer,
  ConversationAnswer,
  DeferredAnswer,
  EmptyAnswer,
  Endpoint,
  InputOf,
  JsonAnswer,
  LinesAnswer,
  OutputAnswer,
  Route,
  TextAnswer,
  WebSocketAnswer,
} from '../contract/endpoint.ts';
import type { Contract, Operation } from '../contract/index.ts';
import type { Parameters } from '../contract/query.ts';

/** What a call brings besides its input. */
export interface Call {
  readonly engine: Engine;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
  /** Members of HostConfig that the client's version said at create only: its start leaves them as they are. */
  readonly saidAtCreate: readonly (keyof HostConfig)[];
  /** What a list does with a `before` or `since` that names no container. */
  readonly unknownAnchors: 'refused' | 'ignored';
  /** The least memory that the client's version lets a container be limited to. */
  readonly memoryBytesMin: number;
  /** `X-Registry-Auth` as it came. */
  readonly registryAuth: string | undefined;
  /** The client's version knew no read-only binds that hold for what is mounted below them. */
  readonly readOnlyIsFlat: boolean;
  /** Whether a limit of the kernel's own memory is warned of, or unknown. */
  readonly kernelMemory: 'warned' | 'unknown';
  /** Whether a login stays with the engine, or comes with each call. */
  readonly logins: 'kept' | 'sent';
  /** Whether the engine draws the graph of images, or leaves that to its clients. */
  readonly imageGraph: 'drawn' | 'left';
  /** Whether the layers of a pull come side by side, or one after the other. */
  readonly layers: 'parallel' | 'serial';
  /** A call that takes its connection over may say that it will: the answer's head goes out before there is output. */
  readonly accepted: (terminal: boolean) => void;
  /** The bytes of the body, where the contract says so. */
  readonly bytes: Readable;
}

/** A text with headers of its own. */
export interface TextReply {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A tar archive; without `archive` its headers alone. */
export interface ArchiveReply {
  readonly archive: Readable | undefined;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type OutputOf<S> =
  S extends JsonAnswer<infer T>
    ? T
    : S extends EmptyAnswer
      ? void
      : S extends TextAnswer
        ? TextReply
        : S extends LinesAnswer<infer T>
          ? AsyncIterable<T>
          : S extends ArchiveAnswer
            ? ArchiveReply
            : S extends DeferredAnswer<infer T>
              ? { readonly ended: Promise<T> }
              : S extends OutputAnswer
                ? LogOutput
                : S extends ConversationAnswer
                  ? Attachment | undefined
                  : S extends WebSocketAnswer
                    ? Attachment
                    : never;

type SuccessOf<E> = E extends Endpoint<Route, Parameters, infer _B, infer S> ? S : never;

export type Handlers<K extends Operation = Operation> = {
  readonly [O in K]: (input: InputOf<Contract[O]>, call: Call) => Promise<OutputOf<SuccessOf<Contract[O]>>>;
};
