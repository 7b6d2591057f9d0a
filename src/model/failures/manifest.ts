/** Failures of manifests, indexes and configurations of images. */
import { Failed, InvalidArgument, NotFound, NotImplemented } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of manifests, indexes and configurations of images. */
export const manifestFailure = failures('manifest', {
  indexesTooDeep: failure(InvalidArgument, () => 'invalid image index: indexes are nested too deeply'),
  digestMissing: failure(InvalidArgument, () => 'invalid image index: a manifest without a digest'),
  schema1: failure(
    NotImplemented,
    () =>
      'Docker Image manifest version 2, schema 1 is not supported: push the image again with a newer tool',
  ),
  typeUnsupported: failure(InvalidArgument, ({ type }: { type: string }) => `unsupported media type ${type}`),
  typeDiffers: failure(
    InvalidArgument,
    ({ own, mediaType }: { own: string; mediaType: string }) =>
      `invalid image manifest: it is ${own} where the registry said ${mediaType}`,
  ),
  noneForPlatform: failure(
    NotFound,
    ({ platform }: { platform: string }) =>
      `no matching manifest for ${platform} in the manifest list entries`,
  ),
  noImage: failure(
    InvalidArgument,
    ({ type }: { type: string }) =>
      `unsupported media type ${type}: it is no image that containers can be made from`,
  ),
  layersTooMany: failure(
    InvalidArgument,
    ({ count, most }: { count: number; most: number }) =>
      `image with ${count} layers: ${most} at most can be mounted`,
  ),
  partIncomplete: failure(
    InvalidArgument,
    ({ what }: { what: string }) => `invalid image manifest: ${what} without digest and size`,
  ),
  layerUnsupported: failure(
    InvalidArgument,
    ({ type }: { type: string }) => `unsupported media type ${type} of a layer`,
  ),
  sizeDiffers: failure(
    Failed,
    ({ what, bytes, said }: { what: string; bytes: number; said: number | undefined }) =>
      `${what} has ${bytes} bytes, not ${said} as its manifest says`,
  ),
  configurationTooLarge: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `image configuration is larger than ${most} bytes`,
  ),
  layersDiffer: failure(
    InvalidArgument,
    ({ expected, found }: { expected: number; found: number }) =>
      `invalid manifest, layers length mismatch: expected ${expected}, got ${found}`,
  ),
});
