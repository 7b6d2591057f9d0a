/** What is on record of an unpacked layer. */
import { createHash } from 'node:crypto';
import { integer, object, optional } from '../../base/schema.ts';
import { mark, orUndefined, type RecordKind, textThat } from '../../base/stored.ts';
import { isDigest } from '../../formats/digest.ts';
import type { ChainId, Digest, LayerInfo } from '../storage.ts';

/** A layer's record. `name`: its directory's, short and meaningless. */
export interface LayerRow extends LayerInfo {
  readonly name: string;
  /** Nothing below this layer shows through. */
  readonly opaqueRoot?: true;
}

/** Whether a text could be a layer's id. */
export const isChainId = (text: string): text is ChainId => isDigest(text);
/** A name becomes a directory: nothing that leads elsewhere. */
const isDirectoryName = (text: string): text is string => /^[0-9a-zA-Z_-]+$/.test(text);

/** Layers, by chain id. */
export const LAYERS: RecordKind<LayerRow> = {
  table: 'layer',
  schema: object('layer', {
    chainId: textThat<ChainId>(isChainId, 'a chain id'),
    diffId: textThat<Digest>(isDigest, 'a digest'),
    parent: orUndefined(textThat<ChainId>(isChainId, 'a chain id')),
    bytes: integer(),
    plainBytes: integer(),
    blob: textThat<Digest>(isDigest, 'a digest'),
    name: textThat(isDirectoryName, 'a directory name'),
    opaqueRoot: optional(mark()),
  }),
  migrations: [],
};

/** The id of a layer with `diffId` on top of `parent` (OCI image specification, "Layer ChainID"). */
export function chainIdOf(parent: ChainId | undefined, diffId: Digest): ChainId {
  if (parent === undefined) return diffId as string as ChainId;
  return `sha256:${createHash('sha256').update(`${parent} ${diffId}`).digest('hex')}` as ChainId;
}
