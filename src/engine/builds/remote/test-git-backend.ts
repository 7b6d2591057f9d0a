/** For tests: repositories below a directory by git's own program for web servers. */
import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers by `git http-backend`, a program of CGI (RFC 3875). `path`: of the repository and what is wanted of it, below `directory`. */
export async function answerByGit(
  directory: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const program = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: directory,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: path,
      QUERY_STRING: new URL(request.url ?? '', 'http://x').search.slice(1),
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
  for await (const bytes of program.stdout) said.push(bytes as Buffer);
  const all = Buffer.concat(said);
  const end = all.indexOf('\r\n\r\n');
  const lines = all.toString('latin1', 0, Math.max(end, 0)).split('\r\n').filter(Boolean);
  const headers = new Map(lines.map((line) => line.split(': ', 2) as [string, string]));
  const status = Number(headers.get('Status')?.slice(0, 3) ?? 200);
  headers.delete('Status');
  response.writeHead(status, Object.fromEntries(headers)).end(all.subarray(end + 4));
}
