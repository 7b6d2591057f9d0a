/** What one request brings, and what everything on its way may use. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Log } from '../../base/log.ts';
import type { BuildKit } from '../buildkit/index.ts';
import type { OperationName } from '../contract/index.ts';
import type { Engine } from '../handlers/index.ts';
import type { Dialect, Doc } from '../versions/index.ts';
import type { Arrival } from './arrival.ts';
import type { BrowserPolicy } from './browsers.ts';
import type { ConstantAnswers } from './constant-answers.ts';
import type { Holdings } from './holdings.ts';
import type { Target } from './router.ts';

/** Where the streams of a taken-over connection go: the raw connection behind an upgrade. */
export interface Line {
  readonly socket: Socket;
}

/** One request and its answer, on their way. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly arrival: Arrival;
  readonly browsers: BrowserPolicy;
  /** Whether the API is shown as a document. */
  readonly openApi: boolean;
  /** What it asks for. @throws InvalidArgument when the target cannot be read */
  readonly target: () => Target;
  /** The body's bytes. */
  readonly bytes: Readable;
  readonly line: Line | undefined;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
  readonly engine: Engine;
  readonly constants: ConstantAnswers;
  /** BuildKit's services, made when somebody asks for them first. */
  readonly buildKit: () => Promise<BuildKit>;
  readonly holdings: Holdings;
  readonly log: Log;
}

/** A decoded request, as its handler gets it. */
export interface Input {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Doc;
  /** What the query said once it was today's, undecoded: an older answer may depend on it. */
  readonly said: Doc;
  readonly body: unknown;
}

/** An understood request: what is asked, and in which version's words. */
export interface Asked {
  readonly operation: OperationName;
  readonly dialect: Dialect;
  readonly input: Input;
}

/** A pull, push or build of an old client goes on when the client has gone. */
export const outlivesClient = ({ operation, dialect }: Pick<Asked, 'operation' | 'dialect'>): boolean =>
  dialect.traits.outliveClient.includes(operation);
