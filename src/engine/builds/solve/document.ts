/** The image's configuration as BuildKit writes it, now that its layers are known. Pure. */
import { type HistoryEntry, hostArchitecture, type ImageDocument } from '../../../formats/oci.ts';
import { imageConfig } from '../../images/parts.ts';
import type { StepImage } from '../../images/steps.ts';

/** `planned`: all but the layers, which `layers` has, with one entry of history each. */
export function documentOf(planned: ImageDocument, layers: StepImage | undefined): ImageDocument {
  const { author, architecture, os, variant, config = {} } = planned;
  const version = planned['os.version'];
  const features = planned['os.features'];
  const history = historyOf(planned.history ?? [], layers?.document.history ?? []);
  const created = history.findLast((entry) => entry.created !== undefined)?.created;
  return {
    architecture: architecture || hostArchitecture(),
    ...(author ? { author } : {}),
    config: withoutEmpty(imageConfig(config)),
    ...(created === undefined ? {} : { created }),
    history,
    os: os || 'linux',
    ...(features ? { 'os.features': features } : {}),
    ...(version ? { 'os.version': version } : {}),
    rootfs: { type: 'layers', diff_ids: layers?.document.rootfs.diff_ids ?? [] },
    ...(variant ? { variant } : {}),
  };
}

/** Go leaves out what is empty. */
const withoutEmpty = <T extends object>(config: T): T =>
  Object.fromEntries(
    Object.entries(config).filter(
      ([, value]) =>
        value !== '' && value !== false && !(typeof value === 'object' && Object.keys(value).length === 0),
    ),
  ) as T;

/**
 * Entries with their times: a layer's when it was made, any other the first new layer's before which it stands, or the
 * last one's.
 */
function historyOf(planned: readonly HistoryEntry[], layers: readonly HistoryEntry[]): HistoryEntry[] {
  const told = planned.filter(({ empty_layer }) => !empty_layer).length;
  const unaccounted = layers.slice(told).map(
    ({ created, created_by }): HistoryEntry => ({
      ...(created === undefined ? {} : { created }),
      ...(created_by === undefined ? {} : { created_by }),
      comment: 'buildkit.exporter.image.v0',
    }),
  );
  let layer = 0;
  const timed = [...planned, ...unaccounted].map((entry) => {
    if (entry.empty_layer) return entry;
    const made = layers[layer++];
    return entry.created === undefined ? withTime(entry, made?.created) : entry;
  });
  let created = firstNew(timed);
  let isNew = false;
  return timed.map((entry) => {
    if (entry.created === undefined) isNew = true;
    else if (isNew) created = entry.created;
    return entry.created === undefined ? withTime(entry, created) : entry;
  });
}

/** The first time behind an entry without one; without such, the last of all. */
function firstNew(entries: readonly HistoryEntry[]): string | undefined {
  const untimed = entries.findIndex(({ created }) => created === undefined);
  const behind =
    untimed < 0 ? undefined : entries.slice(untimed).find(({ created }) => created !== undefined);
  return behind?.created ?? entries.findLast(({ created }) => created !== undefined)?.created;
}

const withTime = (entry: HistoryEntry, created: string | undefined): HistoryEntry =>
  created === undefined ? entry : { created, ...entry };
