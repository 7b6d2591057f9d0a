/** A registry of the test's own, in memory: it serves and takes what it is told, and lies where it is told to. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** The digest of some bytes, as registries spell it. */
export const sha256 = (bytes: Buffer | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A manifest or an index, as it is served. */
export interface Document {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Answers a request itself, and returns true; or leaves it to the registry. */
export type Answering = (
  request: IncomingMessage,
  response: ServerResponse,
  registry: FakeRegistry,
) => boolean | Promise<boolean>;

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** An image to be served, honest or not. */
export interface PutImage {
  /** Plain layers' archives, bottom first, or what shall stand for them. */
  readonly layers: readonly Buffer[];
  /** Each layer as it travels; default: plain. */
  readonly travel?: (layer: Buffer, index: number) => Buffer;
  /** Over the usual members of the configuration. */
  readonly config?: Record<string, unknown>;
  /** Changes the manifest before it is put. */
  readonly manifest?: (manifest: ManifestShape) => unknown;
}

/** A manifest before it is written down, so that a test can bend it. */
export interface ManifestShape {
  schemaVersion: number;
  mediaType: string;
  config: { mediaType: string; digest: string; size: number };
  layers: { mediaType: string; digest: string; size: number; urls?: string[] }[];
}

/** PEM texts. */
export interface Tls {
  readonly key: string;
  readonly cert: string;
}

/** A registry that listens on a loopback port until it is disposed. */
export class FakeRegistry implements AsyncDisposable {
  readonly blobs = new Map<string, Buffer>();
  /** By `repository tag-or-digest`. */
  readonly manifests = new Map<string, Document>();
  /** `METHOD path` of every request, in order. */
  readonly asked: string[] = [];
  answering: Answering | undefined;
  readonly #server: Server;

  constructor(tls: Tls | undefined) {
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response);
    this.#server = tls ? createSecureServer(tls, serve) : createServer(serve);
  }

  /** Plain, or with TLS: then it is there under every address of loopback. */
  static async start(scope: { after(end: () => Promise<void>): void }, tls?: Tls): Promise<FakeRegistry> {
    const registry = new FakeRegistry(tls);
    await registry.#listen(tls ? '0.0.0.0' : '127.0.0.1');
    scope.after(() => registry[Symbol.asyncDispose]());
    return registry;
  }

  async #listen(address: string): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, address, resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  /** `127.0.0.1:PORT` */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  putBlob(bytes: Buffer): { digest: string; size: number } {
    const digest = sha256(bytes);
    this.blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  }

  putManifest(repository: string, reference: string, document: Document): string {
    const digest = sha256(document.bytes);
    this.manifests.set(`${repository} ${reference}`, document);
    this.manifests.set(`${repository} ${digest}`, document);
    return digest;
  }

  /** An image under `repository:tag`; its manifest's digest. */
  putImage(repository: string, tag: string, image: PutImage): { digest: string; manifest: ManifestShape } {
    const { layers, travel = (layer) => layer, config = {}, manifest: change = (m) => m } = image;
    const document = Buffer.from(
      JSON.stringify({
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        os: 'linux',
        created: '2026-01-01T00:00:00Z',
        config: { Cmd: ['sh'] },
        rootfs: { type: 'layers', diff_ids: layers.map((layer) => sha256(layer)) },
        ...config,
      }),
    );
    const describe = (mediaType: string, blob: Buffer) => {
      const { digest, size } = this.putBlob(blob);
      return { mediaType, size, digest };
    };
    const manifest: ManifestShape = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: describe('application/vnd.docker.container.image.v1+json', document),
      layers: layers.map((layer, index) =>
        describe('application/vnd.docker.image.rootfs.diff.tar.gzip', travel(layer, index)),
      ),
    };
    // To the byte as Docker writes it.
    const bytes = Buffer.from(JSON.stringify(change(structuredClone(manifest)), undefined, 3));
    return { digest: this.putManifest(repository, tag, { type: MANIFEST, bytes }), manifest };
  }

  /** How often a path was asked for by `method`. */
  count(method: string, path: RegExp): number {
    return this.asked.filter(
      (each) => each.startsWith(`${method} `) && path.test(each.slice(method.length + 1)),
    ).length;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(`${request.method} ${request.url}`);
    response.on('error', () => undefined);
    try {
      if (await this.answering?.(request, response, this)) return;
      await this.#honestly(request, response);
    } catch {
      response.destroy();
    }
  }

  async #honestly(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    if (pathname === '/v2/') return void response.end('{}');
    const [, repository = '', kind, rest = ''] =
      /^\/v2\/(.+)\/(manifests|blobs|tags)\/(.*)$/.exec(pathname) ?? [];
    if (kind === 'manifests' && request.method === 'PUT') {
      const bytes = Buffer.concat(await request.toArray());
      const digest = this.putManifest(repository, rest, {
        type: request.headers['content-type'] ?? '',
        bytes,
      });
      response.writeHead(201, { 'docker-content-digest': digest });
      return void response.end();
    }
    if (kind === 'manifests') return this.#sendManifest(request, response, `${repository} ${rest}`);
    if (kind === 'blobs' && rest.startsWith('uploads/')) return this.#take(request, response, searchParams);
    if (kind === 'blobs') return this.sendBlob(request, response, rest);
    const tags = kind === 'tags' ? this.#tagsOf(repository) : [];
    if (tags.length > 0) return void response.end(JSON.stringify({ name: repository, tags }));
    refuse(response, 404, 'NAME_UNKNOWN');
  }

  #tagsOf(repository: string): string[] {
    const keys = [...this.manifests.keys()].map((key) => key.split(' '));
    return keys
      .flatMap(([name, tag = '']) => (name === repository && !tag.includes(':') ? [tag] : []))
      .sort();
  }

  #sendManifest(request: IncomingMessage, response: ServerResponse, key: string): void {
    const found = this.manifests.get(key);
    if (!found) {
      refuse(response, 404, 'MANIFEST_UNKNOWN');
      return;
    }
    response.writeHead(200, {
      'content-type': found.type,
      'content-length': found.bytes.length,
      'docker-content-digest': sha256(found.bytes),
    });
    response.end(request.method === 'HEAD' ? undefined : found.bytes);
  }

  /** A blob, or the range of it that is asked for. */
  sendBlob(request: IncomingMessage, response: ServerResponse, digest: string): void {
    const bytes = this.blobs.get(digest);
    if (!bytes) {
      refuse(response, 404, 'BLOB_UNKNOWN');
      return;
    }
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': bytes.length - from,
      'docker-content-digest': digest,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : bytes.subarray(from));
  }

  readonly #uploads = new Map<string, Buffer>();

  async #take(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
    const path = (request.url ?? '').replace(/\?.*/, '');
    if (request.method === 'POST') {
      const name = `${path}${this.#uploads.size + 1}`;
      this.#uploads.set(name, Buffer.alloc(0));
      response.writeHead(202, { location: name, range: '0-0' });
      return void response.end();
    }
    const bytes = Buffer.concat([
      this.#uploads.get(path) ?? Buffer.alloc(0),
      ...(await request.toArray()),
    ] as Buffer[]);
    this.#uploads.set(path, bytes);
    const digest = query.get('digest');
    if (request.method === 'PUT' && digest !== sha256(bytes)) return refuse(response, 400, 'DIGEST_INVALID');
    if (request.method === 'PUT') this.putBlob(bytes);
    response.writeHead(request.method === 'PUT' ? 201 : 202, {
      location: path,
      range: `0-${bytes.length - 1}`,
    });
    response.end();
  }
}

/** Answers with an error in the form of the distribution specification. */
export function refuse(response: ServerResponse, status: number, code: string, message = code): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}
