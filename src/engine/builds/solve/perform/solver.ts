/** Solves vertices: each once, when what it is made of is there, side by side with others. */
import type { SourceFile } from '../../../../model/build-event.ts';
import { vertexFailure } from '../../../../model/failures/vertex.ts';
import type { FileSource } from '../../../../storage/index.ts';
import type { StepImage } from '../../../images/steps.ts';
import type { Say } from '../../output.ts';
import { held } from '../../perform/hold.ts';
import { placed } from '../place.ts';
import {
  type FilesNode,
  inputsOf,
  type Node,
  type Source,
  type StateNode,
  type Vertex,
  Vertices,
} from '../plan/nodes.ts';
import { copyState, directoryState, rootState } from './copy.ts';
import { runState } from './run.ts';
import type { Made, OpenFiles, Solving, Work } from './solving.ts';
import { wordsAlone } from './words-alone.ts';

/** What is solved. */
export interface Graph {
  /** Where places of failures are. */
  readonly file: SourceFile | undefined;
  /** The build context, if anything of it is wanted. */
  readonly context: FilesNode | undefined;
  readonly open: OpenFiles;
}

/** Vertices that are solved. Nothing is done before it is asked for. */
export class Solver {
  readonly solving: Solving;
  readonly #graph: Graph;
  readonly #states = new Map<string, Promise<StepImage>>();
  readonly #sources = new Map<string, Promise<FileSource>>();

  constructor(work: Work, graph: Graph) {
    const vertices = new Vertices(graph.context);
    const vertexOf = (node: Node): Vertex => vertices.of(node);
    this.#graph = graph;
    this.solving = {
      ...work,
      file: graph.file,
      vertexOf,
      steps: new Map(),
      state: (node) => this.#once(this.#states, node, () => this.#state(node)),
      files: (source) => this.#files(source),
      use(node) {
        if (node?.is === 'image') work.teller.used(vertexOf(node));
      },
      touch(node) {
        work.teller.begin(vertexOf(node));
        work.teller.end(vertexOf(node));
      },
    };
  }

  /** Nothing goes on any more when it resolves. */
  readonly settled = async (): Promise<void> => {
    await Promise.allSettled([...this.#states.values(), ...this.#sources.values()]);
  };

  #once<T>(known: Map<string, Promise<T>>, node: Node, work: () => Promise<T>): Promise<T> {
    const { digest } = this.solving.vertexOf(node);
    const before = known.get(digest);
    if (before) return before;
    const result = work();
    result.catch(() => undefined); // told to who waits
    known.set(digest, result);
    return result;
  }

  async #files(source: Source): Promise<FileSource> {
    const { context, open } = this.#graph;
    const { deps, scope } = this.solving;
    const node = source === 'context' ? context : source;
    if (node === undefined) return scope.use(deps.storage.files.openLayers(undefined));
    if (node.is === 'files')
      return await this.#once(this.#sources, node, async () => {
        for (const input of inputsOf(node, context)) if (input.is === 'files') await this.#files(input);
        const opened = await told(
          this.solving,
          node,
          () => open(node),
          ({ cached }) => cached,
        );
        return opened.files;
      });
    const { chainId } = await this.solving.state(node);
    this.solving.use(node);
    return scope.use(deps.storage.files.openLayers(chainId));
  }

  async #state(node: StateNode): Promise<StepImage> {
    // Files come while what they are copied to is made.
    for (const input of inputsOf(node, this.#graph.context)) {
      if (input.is === 'files') this.#files(input).catch(() => undefined);
      else if (input.is !== 'inline') this.solving.state(input).catch(() => undefined);
    }
    if (node.is === 'image') return await this.#image(node);
    const { teller, vertexOf } = this.solving;
    const vertex = vertexOf(node);
    const say: Say = async ({ stream = '', wrote, isOutput }) => {
      if (isOutput) await teller.wrote(vertex, wrote ?? 2, Buffer.from(stream, 'latin1'));
    };
    const work = (begin: () => void) => made(this.solving, node, say, begin);
    return (await told(this.solving, node, work, ({ cached }) => cached)).image;
  }

  async #image(node: Extract<StateNode, { is: 'image' }>): Promise<StepImage> {
    const use = async (begin: () => void): Promise<StepImage> => {
      begin();
      if (node.resolved !== undefined)
        this.solving.teller.part(this.solving.vertexOf(node), {
          id: `resolve ${node.resolved}`,
          isDone: true,
        });
      return held(this.solving, asLayers(node.image, node.description));
    };
    return await told(this.solving, node, use);
  }
}

function made(
  solving: Solving,
  node: Exclude<StateNode, { readonly is: 'image' }>,
  say: Say,
  begin: () => void,
): Promise<Made> {
  switch (node.is) {
    case 'run':
      return runState(solving, node, say, begin);
    case 'copy':
      return copyState(solving, node, say, begin);
    case 'directory':
      return directoryState(solving, node, say, begin);
    case 'root':
      begin();
      return rootState(solving, node, say);
    default:
      return node satisfies never;
  }
}

/** What only the cache needs to know of an image: one entry of history a layer, all of that time. */
function asLayers({ id, document, chainId }: StepImage, description: string): StepImage {
  const { architecture, os, variant, created = '1970-01-01T00:00:00Z', rootfs } = document;
  return {
    id,
    chainId,
    document: {
      ...(architecture ? { architecture } : {}),
      ...(os ? { os } : {}),
      ...(variant ? { variant } : {}),
      history: rootfs.diff_ids.map(() => ({ created, created_by: description })),
      rootfs,
    },
  };
}

/** Failures that a vertex has been told by: who waits for it fails by the same, and is not told of. */
const toldOf = new WeakSet<object>();

/**
 * Tells of a vertex while it is worked on. `work` says when it begins; what fails before that, because something that
 * it needs has failed, is none of its own.
 */
async function told<T>(
  solving: Solving,
  node: Node,
  work: (begin: () => void) => Promise<T>,
  isCached: (result: T) => boolean = () => false,
): Promise<T> {
  const { teller, ending, file } = solving;
  const vertex = solving.vertexOf(node);
  let begun = false;
  const begin = (): void => {
    ending.signal.throwIfAborted();
    begun = true;
    teller.begin(vertex);
  };
  try {
    const result = await work(begin);
    teller.end(vertex, { cached: isCached(result) });
    return result;
  } catch (error) {
    const isAnothers = typeof error === 'object' && error !== null && toldOf.has(error);
    const wasCancelled = ending.signal.aborted;
    if (wasCancelled && (begun || node.is === 'files'))
      teller.end(vertex, { error: vertexFailure.cancelled().message });
    if (isAnothers || wasCancelled) throw error;
    teller.end(vertex, { error: wordsAlone(error) });
    const source = file && node.ranges.length > 0 ? { file, ranges: node.ranges } : undefined;
    if (error instanceof Error) toldOf.add(placed(error, { source, vertex: vertex.digest }));
    ending.abort(error);
    throw error;
  }
}
