/** A repository at one address of its registry: manifests, blobs, tags (OCI distribution specification). */
import type { Readable } from 'node:stream';
import { Failed, InvalidArgument } from '../base/errors.ts';
import type { Credentials } from '../formats/credentials.ts';
import { isDigest } from '../formats/digest.ts';
import { digestOf } from '../formats/digest-of.ts';
import { DOCUMENT_BYTES_MAX } from '../formats/oci.ts';
import { asCall, NoCredentials, RegistryError, Unresumable } from './failure.ts';
import type { Address } from './settings.ts';
import { Tokens } from './tokens.ts';
import {
  type Answer,
  type Call,
  drop,
  expectStatus,
  patiently,
  type Reach,
  readWhole,
  Transport,
} from './transport.ts';

/** A manifest or index, as the registry has it. */
export interface ManifestDocument {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

/** A blob that is being read. */
export interface BlobBody {
  readonly body: AsyncIterable<Buffer>;
  /** Where the bytes begin: where it was asked, or 0. */
  readonly from: number;
}

/** A blob that is made while it is read; `made` comes after its last byte, undefined when it was not read so far. */
export interface MadeBody<T> {
  readonly body: Readable;
  readonly made: Promise<T | undefined>;
}

const NO_MORE = { body: Buffer.alloc(0), size: 0 };
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
].join(', ');
const TAGS_BYTES_MAX = 4 << 20;
/** Pages of tags that are followed. */
const PAGES_MAX = 1000;

/** Addresses that were spoken to, with their connections and tokens. Close it with the daemon. */
export class Connections {
  readonly #open = new Map<string, { transport: Transport; tokens: Tokens }>();
  readonly #reach: Reach;

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  to({ base, tls, mirror }: Address): { transport: Transport; tokens: Tokens } {
    const key = JSON.stringify([base, tls, mirror]);
    const found = this.#open.get(key);
    if (found) return found;
    const transport = new Transport(tls, this.#reach);
    const made = { transport, tokens: new Tokens(transport) };
    this.#open.set(key, made);
    return made;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ transport }) => transport.close()));
    this.#open.clear();
  }
}

/** Sends to one address as one user, answering challenges. */
export class Session {
  readonly base: URL;
  readonly #transport: Transport;
  readonly #tokens: Tokens;
  readonly #credentials: Credentials | undefined;

  constructor(connections: Connections, address: Address, credentials: Credentials | undefined) {
    this.base = new URL(`${address.base}/`);
    ({ transport: this.#transport, tokens: this.#tokens } = connections.to(address));
    this.#credentials = address.mirror ? undefined : credentials;
  }

  url(path: string): URL {
    return new URL(`${this.base.pathname.replace(/\/$/, '')}${path}`, this.base);
  }

  /** Asks for nothing, as nobody. */
  knock(signal: AbortSignal): Promise<Answer> {
    return this.#transport.send({ method: 'GET', url: this.url('/v2/'), signal });
  }

  /** One call; a challenge is answered once. Bodies that are streams need an authorization that is known already. */
  async send(call: Call, scopes: readonly string[]): Promise<Answer> {
    // Who we are is told to this address alone; whatever it names as the next place gets the bare request.
    if (call.url.origin !== this.base.origin) return this.#transport.send(call);
    const known = this.#tokens.known(scopes, this.#credentials);
    const first = await this.#transport.send(withAuthorization(call, known));
    if (first.status !== 401) return first;
    this.#tokens.forget(scopes, this.#credentials);
    const got = await this.#tokens
      .answer(first, this.base, scopes, this.#credentials, call.signal)
      .catch((error: unknown) => {
        // Of what is read people have always been told the address too.
        if (!(error instanceof NoCredentials) || call.method !== 'GET') throw error;
        throw new Failed(`${asCall(call.method, call.url)}: ${error.message}`, { cause: error });
      });
    await drop(first);
    if (got === known) throw await refusalOf(first);
    return this.#transport.send(withAuthorization(call, got));
  }
}

const refusalOf = async (answer: Answer): Promise<unknown> =>
  expectStatus(answer).then(
    () => new Failed('refused'),
    (error: unknown) => error,
  );

const withAuthorization = (call: Call, authorization: string | undefined): Call =>
  authorization === undefined ? call : { ...call, headers: { ...call.headers, authorization } };

/** One repository, spoken to with one client's credentials. */
export class Repository {
  readonly path: string;
  readonly #session: Session;

  constructor(session: Session, path: string) {
    this.#session = session;
    this.path = path;
  }

  #scopes(action: 'pull' | 'push', from?: string): string[] {
    const mine = `repository:${this.path}:${action === 'push' ? 'pull,push' : 'pull'}`;
    return from === undefined ? [mine] : [mine, `repository:${from}:pull`];
  }
  #at(rest: string): URL {
    return this.#session.url(`/v2/${this.path}/${rest}`);
  }

  /** Whether this address speaks HTTP as we do: its answer does not matter. @throws Unreachable */
  async reach(signal: AbortSignal): Promise<void> {
    await drop(await this.#session.knock(signal));
  }

  /** `reference`: a tag, or a digest, which the document then has. @throws RegistryError, Unreachable */
  manifest(reference: string, signal: AbortSignal): Promise<ManifestDocument> {
    return patiently(signal, async () => {
      const call = {
        method: 'GET',
        url: this.#at(`manifests/${reference}`),
        headers: { accept: ACCEPT },
        signal,
      } as const;
      const answer = await expectStatus(await this.#session.send(call, this.#scopes('pull')), 200);
      const bytes = await readWhole(answer, DOCUMENT_BYTES_MAX);
      const digest = digestOf(bytes);
      if (isDigest(reference) && reference !== digest)
        throw new Failed(`manifest verification failed for digest ${reference}: the registry sent ${digest}`);
      return { bytes, digest, mediaType: (answer.header('content-type') ?? '').replace(/;.*$/, '').trim() };
    });
  }

  /** The digest of what a reference names; undefined: nothing. */
  async manifestDigest(reference: string, signal: AbortSignal): Promise<string | undefined> {
    const call = {
      method: 'HEAD',
      url: this.#at(`manifests/${reference}`),
      headers: { accept: ACCEPT },
      signal,
    } as const;
    const answer = await this.#session.send(call, this.#scopes('pull'));
    await drop(answer);
    return answer.status === 200 ? answer.header('docker-content-digest') : undefined;
  }

  /**
   * A blob's bytes from `from` on, or all of them where the registry knows no ranges. No validator goes along: a blob's
   * name is the digest of its bytes, which whoever reads them checks. @throws Unresumable, RegistryError, Unreachable
   */
  async blob(digest: string, from: number, signal: AbortSignal): Promise<BlobBody> {
    const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
    const call = { method: 'GET', url: this.#at(`blobs/${digest}`), headers, signal } as const;
    const sent = await this.#session.send(call, this.#scopes('pull'));
    if (from > 0 && sent.status === 416) {
      await drop(sent);
      throw new Unresumable(`the registry has no byte ${from} of ${digest}`);
    }
    const answer = await expectStatus(sent, 200, 206);
    if (answer.status === 200) return { body: answer.chunks(), from: 0 };
    const begun = Number(/^bytes (\d+)-/.exec(answer.header('content-range') ?? '')?.[1] ?? from);
    if (begun === from) return { body: answer.chunks(), from };
    await drop(answer);
    throw new Unresumable(`the registry continues ${digest} at ${begun}, not at ${from}`);
  }

  /** A small blob, whole, its digest checked. @throws Failed, RegistryError, Unreachable */
  document(digest: string, signal: AbortSignal): Promise<Buffer> {
    return patiently(signal, async () => {
      const call = { method: 'GET', url: this.#at(`blobs/${digest}`), signal } as const;
      const answer = await expectStatus(await this.#session.send(call, this.#scopes('pull')), 200);
      const bytes = await readWhole(answer, DOCUMENT_BYTES_MAX);
      if (digestOf(bytes) !== digest)
        throw new Failed(`blob ${digest} is ${digestOf(bytes)} at the registry`);
      return bytes;
    });
  }

  async hasBlob(digest: string, signal: AbortSignal): Promise<boolean> {
    const call = { method: 'HEAD', url: this.#at(`blobs/${digest}`), signal } as const;
    const answer = await this.#session.send(call, this.#scopes('push'));
    await drop(answer);
    if (answer.status === 200) return true;
    if (answer.status === 404) return false;
    await expectStatus(answer, 200, 404);
    return false;
  }

  /**
   * Brings a blob: taken over from repository `from` of the same registry where that works, uploaded otherwise.
   * `open` gives its bytes from the start, once a try.
   */
  upload(
    blob: { readonly digest: string; readonly size: number; readonly from: string | undefined },
    open: () => Readable | Buffer,
    signal: AbortSignal,
  ): Promise<'mounted' | 'uploaded'> {
    return patiently(signal, async () => {
      const begun = await this.#begin(blob, signal);
      if (begun.status === 201) return 'mounted';
      await this.#finish(begun, blob, open, signal);
      return 'uploaded';
    });
  }

  /**
   * Brings a blob that is made while it is sent: what it is shows at its end. `known`: what it was the last time, and
   * which repository has that; then it may be taken over.
   */
  uploadMade<T extends { readonly digest: string }>(
    known: { readonly digest: string; readonly from: string } | undefined,
    open: () => MadeBody<T>,
    signal: AbortSignal,
  ): Promise<T | 'mounted'> {
    return patiently(signal, async () => {
      const begun = await this.#begin({ digest: known?.digest, from: known?.from }, signal);
      if (begun.status === 201) return 'mounted';
      const { body, made } = open();
      made.catch(() => undefined); // told below
      try {
        const url = this.#uploadUrl(begun);
        const headers = { 'content-type': 'application/octet-stream' };
        const call = { method: 'PATCH', url, headers, body, signal } as const;
        const taken = await expectStatus(await this.#session.send(call, this.#scopes('push')), 202, 204);
        await drop(taken);
        const blob = await made;
        if (blob === undefined) throw new Failed('the registry did not read a blob to its end');
        const to = taken.header('location') === undefined ? url : this.#uploadUrl(taken);
        await this.#close(to, blob.digest, signal);
        return blob;
      } catch (error) {
        body.destroy();
        await made; // what ails the blob itself comes first
        throw error;
      } finally {
        body.destroy();
      }
    });
  }

  async #begin(
    { digest, from }: { digest: string | undefined; from: string | undefined },
    signal: AbortSignal,
  ): Promise<Answer> {
    const url = this.#at('blobs/uploads/');
    if (digest !== undefined && from !== undefined) {
      url.searchParams.set('mount', digest);
      url.searchParams.set('from', from);
    }
    const call = { method: 'POST', url, headers: { 'content-length': '0' }, signal } as const;
    const answer = await expectStatus(await this.#session.send(call, this.#scopes('push', from)), 201, 202);
    await drop(answer);
    return answer;
  }

  async #finish(
    begun: Answer,
    { digest, size }: { digest: string; size: number },
    open: () => Readable | Buffer,
    signal: AbortSignal,
  ): Promise<void> {
    const body = open();
    try {
      await this.#close(this.#uploadUrl(begun), digest, signal, { body, size });
    } finally {
      if (!Buffer.isBuffer(body)) body.destroy();
    }
  }

  /** The last call of an upload: its digest, and the bytes that were not sent before. */
  async #close(
    url: URL,
    digest: string,
    signal: AbortSignal,
    { body, size }: { readonly body: Readable | Buffer; readonly size: number } = NO_MORE,
  ): Promise<void> {
    url.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(size) };
    const call = { method: 'PUT', url, headers, body, signal } as const;
    const answer = await expectStatus(await this.#session.send(call, this.#scopes('push')), 201, 204);
    await drop(answer);
    const stored = answer.header('docker-content-digest');
    if (stored !== undefined && stored !== digest)
      throw new Failed(`the registry stored ${stored} where ${digest} was sent`);
  }

  /** Where an upload goes on. @throws Failed when that is nowhere, or less safe than the registry itself */
  #uploadUrl(answer: Answer): URL {
    const location = answer.header('location');
    if (location === undefined) throw new Failed('the registry does not say where an upload goes');
    const url = new URL(location, this.#at('blobs/uploads/'));
    if (
      !['http:', 'https:'].includes(url.protocol) ||
      (this.#session.base.protocol === 'https:' && url.protocol === 'http:')
    )
      throw new Failed(`the registry wants an upload sent to ${url.protocol}//: refused`);
    return url;
  }

  /** @throws RegistryError when blobs of it are missing */
  putManifest(reference: string, document: ManifestDocument, signal: AbortSignal): Promise<void> {
    return patiently(signal, async () => {
      const headers = { 'content-type': document.mediaType, 'content-length': String(document.bytes.length) };
      const call = {
        method: 'PUT',
        url: this.#at(`manifests/${reference}`),
        headers,
        body: document.bytes,
        signal,
      } as const;
      const answer = await expectStatus(await this.#session.send(call, this.#scopes('push')), 200, 201, 202);
      await drop(answer);
      const stored = answer.header('docker-content-digest');
      if (stored !== undefined && stored !== document.digest)
        throw new Failed(`the registry stored manifest ${stored} where ${document.digest} was sent`);
    });
  }

  /** Every tag, page by page. */
  async tags(signal: AbortSignal): Promise<string[]> {
    const tags: string[] = [];
    let url: URL | undefined = this.#at('tags/list');
    for (let page = 0; url !== undefined && page < PAGES_MAX; page++) {
      const at: URL = url;
      const answer: Answer = await patiently(signal, async () =>
        expectStatus(await this.#session.send({ method: 'GET', url: at, signal }, this.#scopes('pull')), 200),
      );
      const { tags: found } = JSON.parse((await readWhole(answer, TAGS_BYTES_MAX)).toString('utf8')) as {
        tags?: unknown;
      };
      if (Array.isArray(found)) tags.push(...found.filter((tag): tag is string => typeof tag === 'string'));
      const next: string | undefined = /<([^>]+)>\s*;\s*rel="?next"?/.exec(answer.header('link') ?? '')?.[1];
      url = next === undefined ? undefined : new URL(next, at);
      if (url !== undefined && url.origin !== at.origin)
        throw new InvalidArgument('the registry continues its tags elsewhere: refused');
    }
    return tags;
  }
}

/** Whether a failure says that the thing is not there, or not for us. */
export const isMissing = (error: unknown): error is RegistryError =>
  error instanceof RegistryError &&
  (['MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'DENIED'].includes(error.reason) || error.status === 404);
