/** A build whose client decides what is solved while it goes on: it solves, looks at results, and returns one of them. */
import { Readable } from 'node:stream';
import { orAborted } from '../../../base/abort.ts';
import type { BuildInput, Solved, SolveOptions, Solves } from '../../../engine/index.ts';
import { solveFailure } from '../../../model/failures/solve.ts';
import type { Definition } from '../messages/common.ts';
import type { WarnRequest } from '../messages/gateway.ts';
import type { Infer } from '../wire/message.ts';
import { type Attributes, readAttributes } from './attributes.ts';
import { inputIn } from './definitions.ts';

/** What its client asks to be solved. */
export interface FrontendRequest {
  readonly frontend: string;
  readonly attributes: Attributes;
  readonly inputs: ReadonlyMap<string, Definition | undefined>;
  readonly cacheFrom: SolveOptions['cacheFrom'];
}

/** What all solves of one build share. */
export type SolveShared = Pick<SolveOptions, 'client' | 'tell' | 'signal' | 'entitlements'>;

/** Frontends that are ours, by their names: an image of BuildKit's Dockerfile frontend is served by it too. */
const OURS = ['dockerfile.v0', 'gateway.v0'];

const OPENING = 'what a source has';
const OPENING_DOCKERFILE = Buffer.from('FROM source\n');

/** One build, until it has returned. */
export class BridgeBuild {
  readonly #solves: Solves;
  readonly #shared: SolveShared;
  readonly #solved: Solved[] = [];
  readonly #returned = Promise.withResolvers<Solved | undefined>();

  constructor(solves: Solves, shared: SolveShared) {
    this.#solves = solves;
    this.#shared = shared;
    this.#returned.promise.catch(() => undefined); // told to who waits
  }

  get solves(): Solves {
    return this.#solves;
  }

  /** @throws what solving throws */
  async solve({ frontend, attributes, inputs, cacheFrom }: FrontendRequest): Promise<Solved> {
    if (!OURS.includes(frontend)) throw solveFailure.frontendUnknown({ frontend });
    const read = readAttributes(attributes, inputsOf(inputs));
    const solved = await this.#solves.solve({
      ...read,
      ...this.#shared,
      cacheFrom: [...read.cacheFrom, ...cacheFrom],
    });
    this.#solved.push(solved);
    return solved;
  }

  /** A result with the files of a source: a build of its own, which stands on them. @throws what opening it throws */
  async open(definition: Definition): Promise<Solved> {
    const own: BuildInput = { is: 'upload', id: OPENING };
    const solved = await this.#solves.solve({
      ...readAttributes(new Map(), new Map([['context', own]])),
      ...this.#shared,
      tell: withoutDefinition(this.#shared.tell),
      dockerfile: { from: own, name: undefined },
      contexts: new Map([['source', inputIn(definition)]]),
      client: {
        ...this.#shared.client,
        upload: (id, signal) =>
          id === OPENING ? Readable.from([OPENING_DOCKERFILE]) : this.#shared.client.upload(id, signal),
      },
    });
    this.#solved.push(solved);
    return solved;
  }

  /** What the client's own function warns of is told with what the build tells. */
  async warn({ digest, level, short, detail, url, info, ranges }: Infer<typeof WarnRequest>): Promise<void> {
    const file = info && { filename: info.filename, bytes: info.data, language: info.language };
    await this.#shared.tell({
      ...{ is: 'warning', vertex: digest, level, url },
      short: short.toString(),
      detail: detail.map((each) => each.toString()),
      ...(file && {
        source: {
          file,
          ranges: ranges.map(({ start, end }) => ({
            startLine: start?.line ?? 0,
            startColumn: start?.character ?? 0,
            endLine: end?.line ?? 0,
            endColumn: end?.character ?? 0,
          })),
        },
      }),
    });
  }

  /** The client's own function has ended: with a result's token, with none, or badly. */
  return(how: { readonly tokens: readonly string[] } | { readonly failure: Error }): void {
    const { resolve, reject } = this.#returned;
    const [token] = 'tokens' in how ? how.tokens : [];
    const found = this.#solved.find(({ results }) => results.some((each) => each.token === token));
    if ('failure' in how) reject(how.failure);
    else if (found || token === undefined) resolve(found);
    else this.#returned.reject(solveFailure.refUnknown({ ref: token }));
  }

  /** What it has returned; undefined: nothing that could be exported. @throws what its client says, or `signal` */
  returned(): Promise<Solved | undefined> {
    return orAborted(this.#returned.promise, this.#shared.signal);
  }

  async close(): Promise<void> {
    for (const each of this.#solved.splice(0)) await each[Symbol.asyncDispose]();
  }
}

/** Nobody has written the Dockerfile: that it was read is not told. */
function withoutDefinition(tell: SolveShared['tell']): SolveShared['tell'] {
  const hidden = new Set<string>();
  return (event) => {
    if (event.is === 'vertex' && event.name.startsWith('[internal] load build definition'))
      hidden.add(event.digest);
    return hidden.has(event.is === 'vertex' ? event.digest : event.vertex) ? undefined : tell(event);
  };
}

const inputsOf = (inputs: FrontendRequest['inputs']): Map<string, BuildInput> =>
  new Map(
    [...inputs].flatMap(([name, definition]) => (definition ? [[name, inputIn(definition)] as const] : [])),
  );
