/** What a handler gets and gives: derived from the contract, so that a missing or wrong one does not compile. */
import type { Readable } from 'node:stream';
import type { Attachment, Engine, LogOutput } from '../../engine/index.ts';
import type { BuildKit } from '../buildkit/index.ts';
import type { Contract, OperationName } from '../contract/index.ts';
import type { Manners } from '../contract/manners.ts';
import type {
  ArchiveAnswer,
  DeferredAnswer,
  DocumentAnswer,
  EmptyAnswer,
  HijackAnswer,
  InputOf,
  JsonAnswer,
  LinesAnswer,
  Operation,
  OutputAnswer,
  ProtocolAnswer,
  Route,
  TextAnswer,
  WebSocketAnswer,
} from '../contract/operation.ts';
import type { Parameters, Query } from '../contract/query.ts';

/** What a call brings besides its input. */
export interface Call extends Manners {
  readonly engine: Engine;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
  /** `X-Registry-Auth` as it came. */
  readonly registryAuth: string | undefined;
  /** `X-Registry-Config` as it came. */
  readonly registryConfig: string | undefined;
  /** The content type that the client gave its body. */
  readonly contentType: string | undefined;
  /** A call that takes its connection over may say that it will: the answer's head goes out before there is output. */
  readonly accepted: () => void;
  /** BuildKit's services, for builds that ask for them. */
  readonly buildKit: () => Promise<Pick<BuildKit, 'build' | 'cancel'>>;
  /** Whether the API is shown as a document. */
  readonly openApi: boolean;
  /** What the query said, undecoded: parameters that only older versions have. */
  readonly said: Query;
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

/** What a handler returns for an answer of that form. */
export type OutputOf<S> =
  S extends JsonAnswer<infer T>
    ? T
    : S extends EmptyAnswer | DocumentAnswer | ProtocolAnswer
      ? // biome-ignore lint/suspicious/noConfusingVoidType: a handler with nothing to say returns nothing
        void
      : S extends TextAnswer
        ? TextReply
        : S extends LinesAnswer<infer T, true>
          ? AsyncIterable<readonly T[]>
          : S extends LinesAnswer<infer T>
            ? AsyncIterable<T>
            : S extends ArchiveAnswer
              ? ArchiveReply
              : S extends DeferredAnswer<infer T>
                ? { readonly ended: Promise<T> }
                : S extends OutputAnswer
                  ? LogOutput
                  : S extends HijackAnswer
                    ? Attachment | undefined
                    : S extends WebSocketAnswer
                      ? Attachment
                      : never;

type SuccessOf<E> = E extends Operation<Route, Parameters, infer _B, infer S> ? S : never;

/** One handler for each of these operations. */
export type Handlers<K extends OperationName = OperationName> = {
  readonly [O in K]: (input: InputOf<Contract[O]>, call: Call) => Promise<OutputOf<SuccessOf<Contract[O]>>>;
};
