/** BuildKit's services: what `docker build` of today speaks, on the engine's builder. */
import type { Duplex } from 'node:stream';
import type { Engine } from '../../engine/index.ts';
import type { Progress } from '../../model/progress.ts';
import { controlService } from './control/control.ts';
import { failureOf } from './failure.ts';
import { bridgeService } from './gateway/bridge.ts';
import type { Method } from './grpc/methods.ts';
import { serveGrpc } from './grpc/server.ts';
import { healthService } from './health.ts';
import { type PostedBuild, PostedBuilds } from './posted.ts';
import { type OpenedSession, Sessions } from './sessions/sessions.ts';
import { Solving } from './solving/solving.ts';

export type { PostedBuild } from './posted.ts';

/** What the services are made with. */
export interface BuildKitDeps {
  readonly engine: Pick<Engine, 'builds' | 'images' | 'networks' | 'system'>;
}

/** The services, on whichever connection a client has. */
export interface BuildKit {
  /** Serves them until the connection is over, or `signal` fires. */
  grpc(connection: Duplex, signal: AbortSignal): Promise<void>;
  /** A build by `POST /build`. */
  build(posted: PostedBuild): AsyncIterable<Progress>;
  /** Ends such a build; false: there is none of that id. */
  cancel(id: string): boolean;
  /** A client offers what builds need of it. @throws InvalidArgument for a session that there is already */
  session(headers: Readonly<Record<string, readonly string[] | undefined>>): OpenedSession;
}

/** Opens them. One is enough for all connections. */
export function openBuildKit({ engine }: BuildKitDeps): BuildKit {
  const sessions = new Sessions();
  const solving = new Solving({ engine, sessions });
  const posted = new PostedBuilds(solving, engine.builds.history);
  const methods = new Map<string, Method>([
    ...controlService({ engine, sessions, solving }),
    ...bridgeService({ engine, solving }),
    ...healthService(),
  ]);
  return {
    grpc: (connection, signal) => serveGrpc(connection, { methods, failureOf }, signal),
    build: (build) => posted.build(build),
    cancel: (id) => posted.cancel(id),
    session: (headers) => sessions.open(headers),
  };
}
