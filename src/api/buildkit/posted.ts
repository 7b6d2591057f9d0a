/** Builds by `POST /build` that ask for BuildKit: the same builds, told as messages of that call. */
import { PassThrough, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Arrivals } from '../../base/arrivals.ts';
import { type BuildClient, type Engine, loginFor } from '../../engine/index.ts';
import type { Credentials } from '../../formats/credentials.ts';
import { solveFailure } from '../../model/failures/solve.ts';
import type { Progress } from '../../model/progress.ts';
import { Exporter, SolveRequest, StatusResponse } from './messages/control.ts';
import type { Attributes } from './solving/attributes.ts';
import type { Solving } from './solving/solving.ts';
import { statusOf } from './solving/tell.ts';

/** What is asked. */
export interface PostedBuild {
  /** As frontends have them, but for where the context is. */
  readonly attributes: Attributes;
  /** An address, `client-session`, `upload-request`; undefined: the body. */
  readonly remote: string | undefined;
  readonly body: Readable;
  /** Undefined: `image`, with its names. */
  readonly output: { readonly type: string; readonly attributes: Readonly<Record<string, string>> };
  readonly inlineCache: boolean;
  readonly session: string;
  /** What a cancel calls it. */
  readonly id: string | undefined;
  readonly quiet: boolean;
  /** Logins that came with the request, by what the client calls each registry. */
  readonly logins: ReadonlyMap<string, Credentials>;
  readonly signal: AbortSignal;
}

const UPLOAD = 'upload-request';
/** The build that an upload is for, and the upload for a build, come side by side. */
const WAIT_MS = 5000;
const BODY = 'body of the request';

/** Builds that were posted, and bodies on their way to them. */
export class PostedBuilds {
  readonly #solving: Solving;
  readonly #history: Engine['builds']['history'];
  readonly #uploads = new Arrivals<Readable>();
  readonly #going = new Map<string, string>();

  constructor(solving: Solving, history: Engine['builds']['history']) {
    this.#solving = solving;
    this.#history = history;
  }

  /** Yields what it tells, its image's id in the end. @throws what builds throw */
  async *build(posted: PostedBuild): AsyncGenerator<Progress, void> {
    const { id, quiet } = posted;
    if (id?.startsWith(`${UPLOAD}:`)) return await this.#upload(id.slice(UPLOAD.length + 1), posted);
    const body = posted.remote === UPLOAD ? await this.#uploaded(id ?? '', posted.signal) : posted.body;
    const ref = crypto.randomUUID();
    if (id !== undefined) this.#going.set(id, ref);
    try {
      const solving = this.#solving.solve(requestOf(posted, ref), posted.signal, lenderFor(posted, body));
      solving.catch(() => undefined); // told below
      if (!quiet) yield* this.#told(ref, solving);
      const response = await solving;
      const image = response.get('containerimage.config.digest') ?? response.get('containerimage.digest');
      if (image === undefined) return;
      if (quiet) yield { stream: `${image}\n` };
      else yield { id: 'moby.image.id', aux: { ID: image } };
    } finally {
      if (id !== undefined) this.#going.delete(id);
    }
  }

  /** Ends a build by the id that its client gave it; false: there is none. */
  cancel(id: string): boolean {
    const ref = this.#going.get(id);
    return ref !== undefined && this.#solving.end(ref);
  }

  async *#told(ref: string, solving: Promise<unknown>): AsyncGenerator<Progress, void> {
    const ending = new AbortController();
    // One that has failed before it began tells nothing.
    solving.catch((error: unknown) => ending.abort(error));
    try {
      for await (const events of this.#history.follow(ref, ending.signal))
        yield {
          id: 'moby.buildkit.trace',
          aux: StatusResponse.encode(statusOf(events)).toString('base64'),
        };
    } catch (error) {
      await solving; // its own words say more
      throw error;
    }
  }

  async #upload(id: string, { body, signal }: PostedBuild): Promise<void> {
    const taken = new PassThrough();
    this.#uploads.set(id, taken);
    try {
      body.pipe(taken);
      await finished(taken, { signal, writable: false });
    } finally {
      this.#uploads.delete(id);
    }
  }

  async #uploaded(id: string, signal: AbortSignal): Promise<Readable> {
    const found = await this.#uploads.within(id, WAIT_MS, signal);
    signal.throwIfAborted();
    if (!found) throw solveFailure.uploadMissing({ id });
    return found;
  }
}

function requestOf(
  { attributes, remote, output, inlineCache, session }: PostedBuild,
  ref: string,
): SolveRequest {
  const fromBody = remote === undefined || remote === UPLOAD;
  const context = fromBody ? `http://buildkit-session/${BODY}` : remote;
  return SolveRequest.create({
    ref,
    session,
    frontend: 'dockerfile.v0',
    frontendAttrs: new Map([
      ...attributes,
      ...(remote === 'client-session' ? [] : [['context', context] as const]),
    ]),
    exporters:
      output.type === 'cacheonly'
        ? []
        : [Exporter.create({ type: output.type, attrs: new Map(Object.entries(output.attributes)) })],
    entitlements: attributes.get('force-network-mode') === 'host' ? ['network.host'] : [],
    ...(inlineCache
      ? { cache: { exportRef: '', importRefs: [], exportAttrs: new Map(), imports: [], exports: [INLINE] } }
      : {}),
  });
}

const INLINE = { type: 'inline', attrs: new Map<string, string>() };

/** The request itself lends what a session would: its body, its logins. */
const lenderFor =
  ({ logins }: PostedBuild, body: Readable) =>
  (session: BuildClient): BuildClient => ({
    ...session,
    upload: (id, signal) => (id === BODY ? body : session.upload(id, signal)),
    login: async (host, signal) => loginFor(host, logins) ?? (await session.login(host, signal)),
  });
