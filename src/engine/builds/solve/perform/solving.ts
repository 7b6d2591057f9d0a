/** One solve while it goes on: what its steps share. */

import type { SourceFile } from '../../../../model/build-event.ts';
import type { FileSource, Lease, Storage } from '../../../../storage/index.ts';
import type { ImageCaches } from '../../../images/images.ts';
import type { StepImage } from '../../../images/steps.ts';
import type { PerformDeps } from '../../perform/shared.ts';
import type { FilesNode, Node, Source, StateNode, Vertex } from '../plan/nodes.ts';
import type { SolveOptions } from '../promise.ts';
import type { ImportedSteps, SolvedStep } from '../solved.ts';
import type { Teller } from './teller.ts';

/** What solving needs. */
export type SolveDeps = PerformDeps & {
  readonly storage: Pick<Storage, 'content' | 'discard'>;
  readonly images: Pick<ImageCaches, 'openLayout'>;
};

/** Who works on a build: shared by its vertices, whatever platform they are for. */
export interface Work {
  readonly deps: SolveDeps;
  readonly options: SolveOptions;
  readonly teller: Teller;
  readonly lease: Lease;
  /** Ends with the result. */
  readonly scope: AsyncDisposableStack;
  /** Ends the work of all vertices. */
  readonly ending: AbortController;
  /** What goes on when its step is over: the build's end waits for it. */
  readonly tidying: Set<Promise<void>>;
  readonly imported: ImportedSteps | undefined;
}

/** The vertices of one definition, being solved. */
export interface Solving extends Work {
  readonly file: SourceFile | undefined;
  readonly vertexOf: (node: Node) => Vertex;
  /** What a vertex gives: an image's layers, one entry of history each. Done once, whoever asks. */
  readonly state: (node: StateNode) => Promise<StepImage>;
  /** Files to copy or mount. */
  readonly files: (source: Source) => Promise<FileSource>;
  /** Files of it are made use of: an image that is only known to be there is not told as found. */
  readonly use: (node: StateNode | undefined) => void;
  /** Documents that others bring: all that is to be done is to tell of them. */
  readonly touch: (node: Node) => void;
  /** Steps that were found or done, by what they gave. */
  readonly steps: Map<string, SolvedStep>;
}

/** What came of a step. */
export interface Made {
  readonly image: StepImage;
  /** Nothing had to be done. */
  readonly cached: boolean;
}

/** Files that were brought here. */
export interface OpenedFiles {
  readonly files: FileSource;
  /** They were here already. */
  readonly cached: boolean;
}

/** A source that has to be brought here. */
export type OpenFiles = (node: FilesNode) => Promise<OpenedFiles>;
