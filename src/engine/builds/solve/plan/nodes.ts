/** The work of a build as a graph: what is to be made of what. Pure. */
import { createHash } from 'node:crypto';
import type { Mount } from '../../../../formats/dockerfile/mount.ts';
import type { WantedPlatform } from '../../../../formats/platform.ts';
import type { ByteText } from '../../../../formats/tar/entry.ts';
import type { SourceRange } from '../../../../model/build-event.ts';
import type { StepImage } from '../../../images/steps.ts';
import { isRepository, withoutLogin } from '../../remote/address.ts';
import type { FilesInput, PartInput, RemoteInput } from '../promise.ts';
import type { RunStep } from './run-step.ts';
import type { CopyStep, DirectoryStep } from './steps.ts';

interface Named {
  /** As the vertex is drawn. */
  readonly name: string;
  /** Where in the Dockerfile it comes from; none: from no line of it. */
  readonly ranges: readonly SourceRange[];
}

/** An image that is here. */
export interface ImageNode extends Named {
  readonly is: 'image';
  readonly image: StepImage;
  /** Its layers, for people. */
  readonly description: string;
  /** By this name a registry had it just now; undefined: it was here. */
  readonly resolved: string | undefined;
}

/** Files that somebody else has: a client's directory, a repository, what lies on the web. */
export interface FilesNode extends Named {
  readonly is: 'files';
  readonly input: FilesInput;
  readonly followPaths: readonly string[];
  readonly excludePatterns: readonly string[];
}

/** The repository that files come out of; undefined: they do not. */
export const repositoryOf = (
  input: FilesNode['input'],
): Extract<FilesNode['input'], { readonly is: 'remote' }> | undefined =>
  input.is === 'remote' && isRepository(input.address) ? input : undefined;

/** A file that stands in the Dockerfile, or a directory that a mount begins with: others bring it. */
export interface InlineNode extends Named {
  readonly is: 'inline';
  readonly content: string;
}

/** The build context: which of its files are wanted is not known before all is planned. */
export type ContextNode = 'context';

/** Where files are taken from. */
export type Source = FilesNode | StateNode | ContextNode | undefined;

/** What is mounted for a command. */
export interface PlannedMount {
  readonly mount: Mount;
  /** Absolute. */
  readonly target: string;
  /** Undefined: nothing is in it. */
  readonly source: Source;
}

interface Step extends Named {
  /** The files that it begins with; undefined: none. */
  readonly from: StateNode | undefined;
  readonly platform: WantedPlatform;
  /** It is done although it was done. */
  readonly again: boolean;
}

/** A command runs. */
export interface RunNode extends Step {
  readonly is: 'run';
  readonly step: RunStep;
  readonly mounts: readonly PlannedMount[];
  readonly inline: readonly InlineNode[];
}

/** A directory is made. */
export interface DirectoryNode extends Step {
  readonly is: 'directory';
  readonly step: DirectoryStep;
}

/** Files are copied. */
export interface CopyNode extends Step {
  readonly is: 'copy';
  readonly step: CopyStep;
  /** Of the words that are paths. */
  readonly source: Source;
  /** By the words that name them. */
  readonly repositories: ReadonlyMap<ByteText, FilesNode>;
  readonly inline: readonly InlineNode[];
}

/** All files of a source, as an image's. */
export interface RootNode extends Step {
  readonly is: 'root';
  readonly source: FilesNode;
}

/** What gives a file system. */
export type StateNode = ImageNode | RunNode | DirectoryNode | CopyNode | RootNode;

/** Anything that is drawn. */
export type Node = StateNode | FilesNode | InlineNode;

/** What is known by its address alone, whoever wants how much of it. */
export const repositoryNode = (
  input: RemoteInput,
  name = `[internal] load git source ${withoutLogin(input.address)}`,
): FilesNode => ({
  ...{ is: 'files', name, ranges: [], input, followPaths: [], excludePatterns: [] },
});

/** What a part is taken out of. */
export const sourceOf = ({ of }: PartInput): FilesNode => repositoryNode(of);

/** Nodes that a node is made of, in their order. `context`: what the build context turned out to be. */
export function inputsOf(node: Node, context: FilesNode | undefined): Node[] {
  const known = (source: Source): Node[] => {
    if (source === undefined) return [];
    if (source !== 'context') return [source];
    return context === undefined ? [] : [context];
  };
  switch (node.is) {
    case 'image':
    case 'inline':
      return [];
    case 'files':
      return node.input.is === 'part' ? [sourceOf(node.input)] : [];
    case 'directory':
      return known(node.from);
    case 'root':
      return [node.source];
    case 'copy':
      return [...known(node.from), ...known(node.source), ...node.repositories.values(), ...node.inline];
    case 'run':
      return [
        ...known(node.from),
        ...byTarget(node.mounts).flatMap(({ source }) => known(source)),
        ...node.inline,
      ];
    default:
      return node satisfies never;
  }
}

/** BuildKit mounts them in this order. */
const byTarget = (mounts: readonly PlannedMount[]): PlannedMount[] =>
  mounts.toSorted((a, b) => (a.target < b.target ? -1 : 1));

/** A repository is one as it is, and so is what has been copied. */
const isFileSystem = (input: FilesNode['input']): boolean =>
  input.is === 'part' || repositoryOf(input) !== undefined;

/** A vertex as clients know it. */
export interface Vertex {
  readonly digest: string;
  readonly name: string;
  readonly inputs: readonly string[];
}

/** Vertices of one build: equal work is one vertex, whoever wants it. */
export class Vertices {
  readonly #known = new Map<Node, Vertex>();
  readonly #context: FilesNode | undefined;

  constructor(context: FilesNode | undefined) {
    this.#context = context;
  }

  of(node: Node): Vertex {
    const known = this.#known.get(node);
    if (known) return known;
    if (node.is === 'root' && isFileSystem(node.source.input)) return this.of(node.source);
    const inputs = [...new Set(inputsOf(node, this.#context).map((each) => this.of(each).digest))];
    const vertex = { digest: vertexDigest(definitionOf(node), inputs), name: node.name, inputs };
    this.#known.set(node, vertex);
    return vertex;
  }
}

/** Of work that is told by these words. */
export const vertexDigest = (definition: unknown, inputs: readonly string[] = []): string =>
  `sha256:${createHash('sha256')
    .update(JSON.stringify([definition, inputs]))
    .digest('hex')}`;

/** What opens a repository makes nothing else of it. */
const withoutKeys = (input: FilesNode['input']): unknown =>
  input.is === 'remote'
    ? { ...input, opens: undefined }
    : input.is === 'part'
      ? { ...input, of: withoutKeys(input.of) }
      : input;

function definitionOf(node: Node): unknown {
  switch (node.is) {
    case 'image':
      return ['image', node.image.id, node.image.chainId];
    case 'files':
      return ['files', withoutKeys(node.input), node.followPaths, node.excludePatterns];
    case 'inline':
      return ['inline', node.content];
    case 'directory':
    case 'copy':
      return [node.is, node.step, node.platform, node.again, node.name];
    case 'root':
      return ['root', node.platform];
    case 'run': {
      const { instruction, words, env, directory, user } = node.step;
      const { mounts, network, security } = instruction;
      return [
        'run',
        words,
        env,
        directory,
        user,
        mounts,
        network,
        security,
        node.platform,
        node.again,
        node.name,
      ];
    }
    default:
      return node satisfies never;
  }
}
