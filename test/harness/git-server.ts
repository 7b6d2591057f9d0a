/** Repositories served by HTTP on loopback, to who may read them: git's own program, behind a server of ours. */
import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

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
      return void answer(directory, request, response);
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

/** By `git http-backend`, a program of CGI (RFC 3875). */
function answer(directory: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '', 'http://x');
  const program = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: directory,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'],
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      GIT_PROTOCOL: request.headers['git-protocol']?.toString(),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // It may answer, and end, without having read all.
  program.stdin.on('error', () => undefined);
  request.pipe(program.stdin);
  const said: Buffer[] = [];
  program.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  program.stdout.on('end', () => {
    const all = Buffer.concat(said);
    const end = all.indexOf('\r\n\r\n');
    const lines = all.toString('latin1', 0, Math.max(end, 0)).split('\r\n');
    const headers = new Map(lines.map((line) => line.split(': ', 2) as [string, string]));
    const status = Number(headers.get('Status')?.slice(0, 3) ?? 200);
    headers.delete('Status');
    response.writeHead(status, Object.fromEntries(headers)).end(all.subarray(end + 4));
  });
}
