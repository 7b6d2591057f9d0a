/** An image as the ground of a container. */
import type { EngineError } from '../../base/errors.ts';
import type { ImageDocument } from '../../formats/oci.ts';
import { platformText, suits, type WantedPlatform } from '../../formats/platform.ts';
import { familiarString, parseReference } from '../../formats/reference.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { imageFailure } from '../../model/failures/image.ts';
import type { ImageConfig } from '../../model/image.ts';
import type { ChainId } from '../../storage/index.ts';
import { imageConfig } from './parts.ts';
import type { Image, ImageStore } from './store.ts';

/** What a container takes from its image. */
export interface ResolvedImage {
  readonly id: string;
  /** The image it was made from, where that is known. */
  readonly parent: string | undefined;
  /** Defaults for containers. */
  readonly config: ImageConfig;
  /** Undefined: an image without layers. */
  readonly chainId: ChainId | undefined;
  /** What it is for, as its configuration says. */
  readonly platform: WantedPlatform;
}

/** Where containers get their images from. */
export interface ImageSource {
  /**
   * By any of its names, its id, or the start of it; `wanted`: it must be for that platform.
   * @throws NotFound `No such image: NAME:TAG`, InvalidArgument
   */
  resolve(name: string, wanted?: WantedPlatform): ResolvedImage;
  /** Of the manifest that the image with just this id came with; undefined: it has none, or is gone. */
  manifestOf(id: string): Descriptor | undefined;
  /** Whether the image with just this id is there. */
  has(id: string): boolean;
}

/** The image of that name; `wanted`: it must be for that platform. @throws NotFound, InvalidArgument */
export function findFor(name: string, store: ImageStore, wanted?: WantedPlatform): Image {
  const image = store.find(name);
  requireFor(image, nameShown(name), wanted);
  return image;
}

/** An image that is named so must be for the wanted platform, if one is wanted. @throws NotFound */
export function requireFor({ document }: Image, name: string, wanted: WantedPlatform | undefined): void {
  const platform = platformOf(document);
  if (wanted !== undefined && !suits(platform, wanted)) throw forAnother(name, platform, wanted);
}

/** As a container takes it. @throws NotFound, InvalidArgument */
export function resolveImage(name: string, store: ImageStore, wanted?: WantedPlatform): ResolvedImage {
  const { id, parent, document, chain } = findFor(name, store, wanted);
  return {
    id,
    parent,
    config: imageConfig(document.config ?? {}),
    chainId: chain.at(-1),
    platform: platformOf(document),
  };
}

/** What an image is for, as its configuration says. */
export const platformOf = ({ os, architecture = '', variant = '' }: ImageDocument): WantedPlatform => ({
  os: os || 'linux',
  architecture,
  variant,
});

/** A name in its full form is told in the short one, any other as it was asked for. */
function nameShown(name: string): string {
  if (!name.startsWith('docker.io/')) return name;
  return familiarString(parseReference(name));
}

/** The image of that name is for another platform than the one that was asked for. */
export const forAnother = (name: string, has: WantedPlatform, wanted: WantedPlatform): EngineError =>
  imageFailure.platformDiffers({ name, has: platformText(has), wanted: platformText(wanted) });
