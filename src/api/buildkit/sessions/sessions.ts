/** Sessions: connections on which a build's client is the server, and lends what the build needs. */
import type { Duplex } from 'node:stream';
import { Arrivals } from '../../../base/arrivals.ts';
import { solveFailure } from '../../../model/failures/solve.ts';
import { type GrpcClient, grpcClient } from '../grpc/client.ts';
import { Code, GrpcError } from '../grpc/status.ts';

/** A client that lends. */
export interface Session {
  /** Tells this client's directories from others'. */
  readonly sharedKey: string;
  /** What is offered: `/package.Service/Method`, in any letter case. */
  readonly offers: (method: string) => boolean;
  readonly calls: GrpcClient;
}

/** A session that was announced, and has no connection yet. */
export interface OpenedSession {
  /** Until the connection is over, or `signal` fires. */
  serve(connection: Duplex, signal: AbortSignal): Promise<void>;
}

const HEADER = 'x-docker-expose-session-';
/** More than the methods of all services there are. */
const METHODS_MAX = 1000;
/** A client announces its session and its build side by side. */
const WAIT_MS = 10_000;

/** All that are there. */
export class Sessions {
  readonly #sessions = new Arrivals<Session>();
  readonly #announced = new Set<string>();

  /** @throws InvalidArgument */
  open(headers: Readonly<Record<string, readonly string[] | undefined>>): OpenedSession {
    const said = (name: string): readonly string[] => headers[`${HEADER}${name}`] ?? [];
    const [id = ''] = said('uuid');
    const [sharedKey = ''] = said('sharedkey');
    if (this.#announced.has(id)) throw solveFailure.sessionExists({ id });
    const methods = new Set(
      said('grpc-method')
        .slice(0, METHODS_MAX)
        .map((each) => each.toLowerCase()),
    );
    this.#announced.add(id);
    return {
      serve: async (connection, signal) => {
        // The client may have left while it was answered.
        if (connection.destroyed) return void this.#announced.delete(id);
        const calls = grpcClient(connection);
        const offers = (method: string): boolean => methods.has(method.toLowerCase());
        this.#sessions.set(id, { sharedKey, offers, calls });
        try {
          await over(calls.closed, signal);
        } finally {
          this.#sessions.delete(id);
          this.#announced.delete(id);
          calls.close();
        }
      },
    };
  }

  /** The session of that id, which may come yet. @throws GrpcError */
  async get(id: string, signal: AbortSignal): Promise<Session> {
    const found = await this.#sessions.within(id, WAIT_MS, signal);
    signal.throwIfAborted();
    if (!found) throw new GrpcError(Code.notFound, `no active session for ${id}: context deadline exceeded`);
    return found;
  }
}

/** One of them has fired. */
const over = (closed: AbortSignal, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const either = AbortSignal.any([closed, signal]);
    if (either.aborted) resolve();
    else either.addEventListener('abort', () => resolve(), { once: true });
  });
