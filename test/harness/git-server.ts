/** Repositories served by HTTP on loopback, to who may read them: git's own program, behind a server of ours. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerByGit } from '../../src/engine/builds/remote/test-git-backend.ts';

/** A server that runs until it is stopped. */
export interface GitServer {
  readonly port: number;
  /** What has been asked with: values of `Authorization`, each once. */
  readonly asked: ReadonlySet<string>;
  stop(): void;
}

/** Serves what lies below a directory. `allowed`: the values of `Authorization` that open it. */
export async function serveGit(directory: string, allowed: readonly string[]): Promise<GitServer> {
  const asked = new Set<string>();
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) asked.add(authorization);
    if (authorization !== undefined && allowed.includes(authorization))
      return void answerByGit(directory, new URL(request.url ?? '', 'http://x').pathname, request, response);
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port, asked, stop };
}
