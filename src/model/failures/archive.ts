/** Failures of archives of images. */
import { InvalidArgument } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of archives of images. */
export const archiveFailure = failures('archive', {
  linksTooMany: failure(
    InvalidArgument,
    ({ name }: { name: string }) => `invalid archive: too many links at ${name}`,
  ),
  fileMissing: failure(
    InvalidArgument,
    ({ name }: { name: string }) => `invalid archive: no file ${name} in it`,
  ),
  documentTooLarge: failure(
    InvalidArgument,
    ({ name, most }: { name: string; most: number }) =>
      `invalid archive: ${name} is larger than ${most} bytes`,
  ),
  unreadable: failure(InvalidArgument, ({ why }: { why: string }) => `invalid archive: ${why}`),
  targetInvalid: failure(InvalidArgument, ({ target }: { target: string }) => `invalid target ID: ${target}`),
  idInvalid: failure(
    InvalidArgument,
    ({ id }: { id: string }) => `invalid archive: ${JSON.stringify(id)} is not an image id`,
  ),
  jsonUnreadable: failure(
    InvalidArgument,
    ({ id, why }: { id: string; why: string }) => `invalid archive: ${id}/json: ${why}`,
  ),
  jsonNoObject: failure(
    InvalidArgument,
    ({ id }: { id: string }) => `invalid archive: ${id}/json is not an object`,
  ),
  ownAncestor: failure(
    InvalidArgument,
    ({ id }: { id: string }) => `invalid archive: image ${id} is its own ancestor`,
  ),
  layersTooMany: failure(InvalidArgument, () => 'invalid archive: too many layers'),
  parentMissing: failure(
    InvalidArgument,
    ({ parent, id }: { parent: string; id: string }) =>
      `invalid archive: parent ${parent} of ${id} is not in it`,
  ),
  noImageForHost: failure(
    InvalidArgument,
    ({ architecture }: { architecture: string }) =>
      `invalid archive: no image for linux/${architecture} in it`,
  ),
  indexesTooDeep: failure(InvalidArgument, () => 'invalid archive: indexes are nested too deeply'),
  indexListsItself: failure(InvalidArgument, () => 'invalid archive: an index lists itself'),
  manifestsTooMany: failure(InvalidArgument, () => 'invalid archive: too many manifests'),
  noConfiguration: failure(
    InvalidArgument,
    ({ type }: { type: string }) => `invalid archive: ${type} is no configuration of an image`,
  ),
  noLayer: failure(
    InvalidArgument,
    ({ type }: { type: string }) => `invalid archive: ${type} is no layer of an image`,
  ),
  digestInvalid: failure(
    InvalidArgument,
    ({ digest }: { digest: string }) => `invalid archive: digest ${digest}`,
  ),
  blobDiffers: failure(
    InvalidArgument,
    ({ digest, found }: { digest: string; found: string }) => `invalid archive: blob ${digest} is ${found}`,
  ),
  blobSizeDiffers: failure(
    InvalidArgument,
    ({ digest, bytes, size }: { digest: string; bytes: number; size: number | undefined }) =>
      `invalid archive: blob ${digest} has ${bytes} bytes, not ${size}`,
  ),
  dataDiffers: failure(
    InvalidArgument,
    ({ digest }: { digest: string }) => `invalid archive: the data of ${digest} is other than its blob`,
  ),
  typeDiffers: failure(
    InvalidArgument,
    ({ own, mediaType }: { own: string; mediaType: string }) =>
      `invalid archive: a document is ${own} where ${mediaType} was said`,
  ),
  noDirectory: failure(
    InvalidArgument,
    () => 'invalid archive: it has neither manifest.json nor index.json nor repositories',
  ),
});
