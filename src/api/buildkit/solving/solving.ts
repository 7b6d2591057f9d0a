/** Builds that clients ask for, from their request to what the exporters answer. */
import { Arrivals } from '../../../base/arrivals.ts';
import type { BuildClient, Engine, Solved } from '../../../engine/index.ts';
import { solveFailure } from '../../../model/failures/solve.ts';
import { failureOf } from '../failure.ts';
import { Code, GrpcError } from '../grpc/status.ts';
import type { SolveRequest } from '../messages/control.ts';
import { lenderOf } from '../sessions/lender.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { BridgeBuild } from './bridge-build.ts';
import { cacheExportsOf, exportersOf, outputsOf } from './outputs.ts';

/** What builds are made with. */
export interface SolvingDeps {
  readonly engine: Pick<Engine, 'builds'>;
  readonly sessions: Sessions;
}

/** A client asks for its build, and for what it is to solve, side by side. */
const WAIT_MS = 3000;

/** The builds that go on. */
export class Solving {
  readonly #deps: SolvingDeps;
  /** Those that are over are known for a while: who asks for one is told so, and does not wait for it. */
  readonly #bridges = new Arrivals<BridgeBuild | 'over'>();
  readonly #ending = new Map<string, AbortController>();

  constructor(deps: SolvingDeps) {
    this.#deps = deps;
  }

  /** What the exporters answer. `signal`: the client has gone; `lends`: what it lends besides its session. @throws GrpcError, and what builds throw */
  async solve(
    request: SolveRequest,
    signal: AbortSignal,
    lends: (session: BuildClient) => BuildClient = (session) => session,
  ): Promise<ReadonlyMap<string, string>> {
    const { sessions, engine } = this.#deps;
    const { ref, frontend, internal } = request;
    const session = request.session === '' ? undefined : await sessions.get(request.session, signal);
    const exporters = exportersOf(request);
    const build = await engine.builds.history.begin({
      ref,
      frontend: frontend === '' ? 'gateway' : frontend,
      attributes: Object.fromEntries(request.frontendAttrs),
      outputs: exporters.map(({ type, attrs }) => ({ type, attributes: Object.fromEntries(attrs) })),
      internal,
    });
    const ending = new AbortController();
    this.#ending.set(ref, ending);
    const gone = [signal, ending.signal, ...(session ? [session.calls.closed] : [])];
    const shared = {
      client: lends(session ? lenderOf(session) : NOBODY),
      tell: build.tell,
      signal: AbortSignal.any(gone),
      entitlements: request.entitlements,
    };
    const bridge = new BridgeBuild(engine.builds.solves, shared);
    try {
      const outputs = outputsOf(exporters, session, shared.signal);
      const cacheTo = cacheExportsOf(request);
      engine.builds.solves.checkCaches(cacheTo);
      const solved = await this.#solved(request, bridge);
      const response = solved
        ? await engine.builds.solves.export(solved, { ...shared, outputs, cacheTo })
        : new Map<string, string>();
      await build.end({ response });
      return response;
    } catch (error) {
      const failure = failureOf(shared.signal.aborted ? cancelled(error) : error);
      await build.end({ failure: { code: failure.code, message: failure.message }, response: new Map() });
      throw failure;
    } finally {
      this.#ending.delete(ref);
      if (request.frontend === '') this.#leave(ref); // what was refused at once is never there
      await bridge.close();
    }
  }

  /** What a request asks for: a frontend to do it all, or a client that does it piece by piece. */
  async #solved(request: SolveRequest, bridge: BridgeBuild): Promise<Solved | undefined> {
    const { ref, frontend, frontendAttrs, frontendInputs, definition, cache } = request;
    if (frontend !== '') {
      const imports = cache?.imports ?? [];
      return await bridge.solve({
        frontend,
        attributes: frontendAttrs,
        inputs: frontendInputs,
        cacheFrom: imports.map(({ type, attrs }) => ({ type, attributes: Object.fromEntries(attrs) })),
      });
    }
    if (definition && definition.def.length > 0) throw solveFailure.definitionForeign();
    this.#bridges.set(ref, bridge);
    try {
      return await bridge.returned();
    } finally {
      this.#leave(ref);
    }
  }

  #leave(ref: string): void {
    this.#bridges.set(ref, 'over');
    setTimeout(() => {
      if (this.#bridges.get(ref) === 'over') this.#bridges.delete(ref);
    }, WAIT_MS).unref();
  }

  /** The build of that name, which may begin yet. @throws GrpcError */
  async bridge(id: string, signal: AbortSignal): Promise<BridgeBuild> {
    const found = await this.#bridges.within(id, WAIT_MS, signal);
    if (found && found !== 'over') return found;
    throw new GrpcError(Code.unknown, `no such job ${id}`);
  }

  /** Ends a build that goes on; false: there is none of that name. */
  end(ref: string): boolean {
    const ending = this.#ending.get(ref);
    ending?.abort(cancelled(undefined));
    return ending !== undefined;
  }
}

const cancelled = (cause: unknown): GrpcError =>
  new GrpcError(Code.cancelled, 'context canceled', [], { cause });

const missing = (): never => {
  throw solveFailure.sessionMissing();
};

/** A client without a session lends nothing. */
const NOBODY: BuildClient = {
  sharedKey: '',
  sync: missing,
  upload: missing,
  secret: async () => undefined,
  hasAgent: async () => undefined,
  agent: missing,
  login: async () => undefined,
  store: missing,
};
