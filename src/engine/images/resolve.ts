/** An image as the ground of a container. */
import type { ImageConfig } from '../../model/image.ts';
import type { ChainId } from '../../storage/index.ts';
import { imageConfig } from './inspect.ts';
import type { ImageStore } from './store.ts';

export interface ResolvedImage {
  readonly id: string;
  /** The image it was made from, where that is known. */
  readonly parent: string | undefined;
  /** Defaults for containers. */
  readonly config: ImageConfig;
  /** Undefined: an image without layers. */
  readonly chainId: ChainId | undefined;
  /** Familiar forms of its names. */
  readonly references: readonly string[];
  readonly architecture: string;
  readonly os: string;
}

export interface ImageSource {
  /** By any of its names, its id, or the start of it. @throws NotFound `No such image: NAME:TAG`, InvalidArgument */
  resolve(name: string): ResolvedImage;
  /** Whether the image with just this id is there. */
  has(id: string): boolean;
}

export function resolveImage(name: string, store: ImageStore): ResolvedImage {
  const image = store.find(name);
  const { config, architecture = '', os } = image.document;
  return {
    id: image.id,
    parent: image.parent,
    config: imageConfig(config ?? {}),
    chainId: image.chain.at(-1),
    references: store.references(image.id),
    architecture,
    os: os || 'linux',
  };
}
