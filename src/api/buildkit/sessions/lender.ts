/** What a build's client lends, by the services of its session. */
import { PassThrough, type Readable } from 'node:stream';
import type { Conversation } from '../../../base/conversation.ts';
import type { BuildClient } from '../../../engine/index.ts';
import type { Credentials } from '../../../formats/credentials.ts';
import { duplexOver, readableOver, writableOver } from '../grpc/bytes.ts';
import type { Metadata } from '../grpc/client.ts';
import { Code, GrpcError } from '../grpc/status.ts';
import { Nothing } from '../messages/control.ts';
import {
  CheckAgentRequest,
  CredentialsRequest,
  CredentialsResponse,
  GetSecretRequest,
  GetSecretResponse,
} from '../messages/session.ts';
import { lentStore } from './content-store.ts';
import type { Session } from './sessions.ts';
import { soon } from './soon.ts';

const SYNC = '/moby.filesync.v1.FileSync/DiffCopy';
const SEND = '/moby.filesync.v1.FileSend/DiffCopy';
const SECRET = '/moby.buildkit.secrets.v1.Secrets/GetSecret';
const CHECK_AGENT = '/moby.sshforward.v1.SSH/CheckAgent';
const FORWARD_AGENT = '/moby.sshforward.v1.SSH/ForwardAgent';
const CREDENTIALS = '/moby.filesync.v1.Auth/Credentials';
const UPLOAD = '/moby.upload.v1.Upload/Pull';

/** As BuildKit has it: the engine's client serves no more than that as one secret. */
const SECRET_BYTES_MAX = 500 << 10;

/** What a session offers, as the engine takes it. */
export function lenderOf(session: Session): BuildClient {
  const { calls, offers, sharedKey } = session;
  return {
    sharedKey,
    sync({ name, followPaths, includePatterns, excludePatterns }, signal) {
      if (!offers(SYNC)) throw new GrpcError(Code.unknown, 'no local sources enabled');
      return calls.talk(
        SYNC,
        headersOf({
          'dir-name': [name],
          'include-patterns': includePatterns,
          'exclude-patterns': excludePatterns,
          followpaths: followPaths,
        }),
        signal,
      );
    },
    upload: (id, signal) => uploaded(session, id, signal),
    async secret(id, signal) {
      if (!offers(SECRET)) return undefined;
      try {
        const { data } = await calls.one(SECRET, [GetSecretRequest, GetSecretResponse], { id }, soon(signal));
        if (data.length > SECRET_BYTES_MAX)
          throw new GrpcError(Code.unknown, `secret ${id} is larger than ${SECRET_BYTES_MAX} bytes`);
        return data;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async hasAgent(id, signal) {
      if (!offers(CHECK_AGENT)) return undefined;
      try {
        await calls.one(CHECK_AGENT, [CheckAgentRequest, Nothing], { id }, soon(signal));
        return true;
      } catch (error) {
        if (error instanceof GrpcError && error.code !== Code.unavailable) return false;
        throw error;
      }
    },
    agent: (id, signal) =>
      duplexOver(calls.talk(FORWARD_AGENT, headersOf({ 'buildkit.ssh.id': [id] }), signal)),
    login: (host, signal) => loginAt(session, host, soon(signal)),
    store: (id) => lentStore(session, id),
  };
}

const isMissing = (error: unknown): boolean =>
  error instanceof GrpcError && (error.code === Code.notFound || error.code === Code.unimplemented);

/** Anonymous when the client has none, or does not say. */
async function loginAt(
  { calls, offers }: Session,
  host: string,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  if (!offers(CREDENTIALS)) return undefined;
  const { username, secret } = await calls
    .one(CREDENTIALS, [CredentialsRequest, CredentialsResponse], { host }, signal)
    .catch((error: unknown) => {
      if (isMissing(error)) return { username: '', secret: '' };
      throw error;
    });
  if (secret === '') return undefined;
  // A login by a token has no name.
  return username === ''
    ? { is: 'identity', username: '', token: secret }
    : { is: 'password', username, password: secret };
}

function uploaded({ calls }: Session, id: string, signal: AbortSignal): Readable {
  const headers = headersOf({ urlpath: [id.startsWith('/') ? id : `/${id}`], urlhost: ['buildkit-session'] });
  return readableOver(calls.talk(UPLOAD, headers, signal)).pipe(new PassThrough());
}

/** Where a result goes: one archive to the client, by the number of its exporter. */
export const archiveTo = ({ calls }: Session, exporter: number, signal: AbortSignal) =>
  writableOver(calls.talk(SEND, exporterHeaders(exporter), signal));

/** The same, as files. */
export const filesTo = ({ calls }: Session, exporter: number, signal: AbortSignal): Conversation =>
  calls.talk(SEND, exporterHeaders(exporter), signal);

const exporterHeaders = (exporter: number): Metadata => ({
  'buildkit-attachable-exporter-id': String(exporter),
});

/** Values that a header has no room for are escaped, and say so, as the client undoes it. */
function headersOf(values: Readonly<Record<string, readonly string[]>>): Metadata {
  const told = Object.entries(values).filter(([, each]) => each.length > 0);
  return Object.fromEntries(
    told.flatMap(([name, each]): [string, string | readonly string[]][] => {
      if (each.every((value) => /^[!-~](?:[ -~]*[!-~])?$/.test(value))) return [[name, each]];
      return [
        [name, each.map(encodeURIComponent)],
        [`${name}-encoded`, '1'],
      ];
    }),
  );
}
