/** Steps that images brought along which the client named for that (`cachefrom`): by their history and layers. Pure. */
import type { HistoryEntry, ImageDocument } from '../../../formats/oci.ts';
import type { ContainerConfig } from '../../../model/config.ts';
import type { Digest } from '../../../storage/index.ts';
import type { Made } from '../../images/child.ts';
import type { StepImage } from '../../images/steps.ts';

/** A step that is looked for. */
export interface SoughtStep {
  readonly from: StepImage;
  /** As history tells it. */
  readonly createdBy: string;
  readonly config: ContainerConfig;
  readonly author: string;
}

/**
 * What the step made, by the first image that was made from the same history and layers by the same instruction. The
 * configuration is the step's own: that of another's image is not believed.
 */
export function restored(images: readonly StepImage[], sought: SoughtStep): Made | undefined {
  const { from, createdBy, config, author } = sought;
  const at = from.document.history?.length ?? 0;
  for (const { document } of images) {
    const entry = document.history?.[at];
    if (entry === undefined || entry.created_by !== createdBy || !standsOn(document, from.document)) continue;
    const diffId = layerOf(document, at);
    if (diffId === undefined && !entry.empty_layer) continue;
    return {
      diffId,
      config,
      container: { id: '', config: { ...config, Cmd: [createdBy] } },
      author: entry.author ?? author,
      comment: entry.comment ?? '',
      created: entry.created ?? '',
    };
  }
  return undefined;
}

/** Its history and layers begin with those of `parent`. */
function standsOn(document: ImageDocument, parent: ImageDocument): boolean {
  const history = document.history ?? [];
  const layers = document.rootfs.diff_ids;
  return (
    (parent.history ?? []).every((entry, i) => isSame(entry, history[i])) &&
    parent.rootfs.diff_ids.every((diffId, i) => diffId === layers[i])
  );
}

const MEMBERS = ['created', 'author', 'created_by', 'comment', 'empty_layer'] as const;
const isSame = (a: HistoryEntry, b: HistoryEntry | undefined): boolean =>
  b !== undefined && MEMBERS.every((name) => (a[name] ?? '') === (b[name] ?? ''));

/** The layer that the entry `at` of the history made. */
function layerOf({ history = [], rootfs }: ImageDocument, at: number): Digest | undefined {
  if (history[at]?.empty_layer) return undefined;
  const index = history.slice(0, at).filter((entry) => !entry.empty_layer).length;
  return rootfs.diff_ids[index] as Digest | undefined;
}
