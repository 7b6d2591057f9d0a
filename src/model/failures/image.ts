/** Failures of verbs on images. */
import { Conflict, Failed, InvalidArgument, NotFound } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Why an image cannot go, as the sentence ends; behind it the container's short id, where one is in the way. */
const OBSTACLES = {
  children: 'image has dependent child images',
  running: 'image is being used by running container ',
  named: 'image is referenced in multiple repositories',
  stopped: 'image is being used by stopped container ',
} as const;

/** What keeps an image from being removed. */
export type ImageObstacle = keyof typeof OBSTACLES;

interface InUse {
  readonly id: string;
  /** Not even force removes it. */
  readonly hard: boolean;
  /** Whether force was tried. */
  readonly forced: boolean;
  readonly obstacle: ImageObstacle;
  /** The container in the way; empty without one. */
  readonly container: string;
}

/** Failures of verbs on images. */
export const imageFailure = failures('image', {
  notFound: failure(NotFound, ({ name }: { name: string }) => `No such image: ${name}`, true),
  nameBlank: failure(InvalidArgument, () => 'image name cannot be blank'),
  graphLeft: failure(NotFound, () => 'This is now implemented in the client.'),
  termEmpty: failure(InvalidArgument, () => 'term: cannot be empty'),
  sourceInvalid: failure(
    InvalidArgument,
    ({ source }: { source: string }) => `invalid source of an import: ${JSON.stringify(source)}`,
  ),
  downloadFailed: failure(
    Failed,
    ({ from, why }: { from: string; why: string }) => `downloading from ${from}: ${why}`,
  ),
  downloadAbandoned: failure(Failed, () => 'nobody wants it any more'),
  layerDiffers: failure(
    Failed,
    ({ digest, found }: { digest: string; found: string }) =>
      `filesystem layer verification failed for digest ${digest}: it is ${found}`,
  ),
  blobEnds: failure(
    Failed,
    ({ digest, bytes, size }: { digest: string; bytes: number; size: number }) =>
      `${digest} ends after ${bytes} of ${size} bytes`,
  ),
  systemUnsupported: failure(
    InvalidArgument,
    ({ os }: { os: string }) => `operating system is not supported: ${os}`,
  ),
  tagInvalid: failure(InvalidArgument, ({ tag }: { tag: string }) => `invalid tag ${JSON.stringify(tag)}`),
  platformsMissing: failure(
    NotFound,
    ({ platforms }: { platforms: string }) => `requested platform(s) ([${platforms}]) not found`,
    true,
  ),
  pullDenied: failure(
    NotFound,
    ({ name, why }: { name: string; why: string }) =>
      `pull access denied for ${name}, repository does not exist or may require 'docker login': ${why}`,
  ),
  repositoryNotFound: failure(
    NotFound,
    ({ name, why }: { name: string; why: string }) => `repository ${name} not found: ${why}`,
    true,
  ),
  manifestNotFound: failure(
    NotFound,
    ({ reference, why }: { reference: string; why: string }) => `manifest for ${reference} not found: ${why}`,
    true,
  ),
  pushByDigest: failure(InvalidArgument, () => 'cannot push a digest reference'),
  noTagsLocally: failure(
    NotFound,
    ({ name }: { name: string }) => `An image does not exist locally with the tag: ${name}`,
  ),
  tagNotFound: failure(
    NotFound,
    ({ reference }: { reference: string }) => `tag does not exist: ${reference}`,
  ),
  systemForeign: failure(
    InvalidArgument,
    ({ system }: { system: string }) => `cannot load ${system} image on linux`,
  ),
  searchLimitInvalid: failure(
    InvalidArgument,
    ({ wanted, most }: { wanted: number; most: number }) =>
      `limit ${wanted} is outside the range of [1, ${most}]`,
  ),
  nameInUse: failure(
    Conflict,
    // Whether it runs is told by older versions alone.
    ({ name, container, id }: { name: string; container: string; id: string; running: boolean }) =>
      `conflict: unable to remove repository reference "${name}" (must force) - container ${container} is using its referenced image ${id}`,
  ),
  inUse: failure(
    Conflict,
    ({ id, hard, obstacle, container }: InUse) =>
      `conflict: unable to delete ${id} (${hard ? 'cannot' : 'must'} be forced) - ${OBSTACLES[obstacle]}${container}`,
  ),
  /** Only versions up to 1.21 kept a tag for its image; in the words of 1.21. */
  tagTaken: failure(
    Conflict,
    ({ repository, tag, id }: { repository: string; tag: string; id: string }) =>
      `Conflict: Tag ${repository}:${tag} is already set to image ${id.slice(0, 12)}, if you want to replace it, please use -f option`,
  ),
  /** The first clients looked for steps that were built before, and read the status alone. */
  notMadeBefore: failure(NotFound, () => ''),
  platformDiffers: failure(
    NotFound,
    ({ name, has, wanted }: { name: string; has: string; wanted: string }) =>
      `image with reference ${name} was found but its platform (${has}) does not match the specified platform (${wanted})`,
  ),
  fileSizeDiffers: failure(
    Failed,
    ({ path, sent, bytes }: { path: string; sent: number; bytes: number }) =>
      `${path} has ${sent} bytes on the disk, not ${bytes}`,
  ),
  noExportTarget: failure(
    NotFound,
    ({ platforms }: { platforms: string }) => `no suitable export target found for platform ${platforms}`,
  ),
  attestationElsewhere: failure(
    NotFound,
    ({ name, digest }: { name: string; digest: string }) =>
      `attestation ${digest} of ${name} is not here: a pull leaves attestations at the registry`,
  ),
  attestationsOfSeveral: failure(InvalidArgument, () => 'only one platform value is currently supported'),
  identityAlone: failure(InvalidArgument, () => 'conflicting options: identity requires manifests=1'),
  manifestsOfPlatform: failure(
    InvalidArgument,
    () => 'conflicting options: manifests and platform options cannot both be set',
  ),
  platformsTooMany: failure(InvalidArgument, () => 'multiple platforms are not supported'),
  tagAmbiguous: failure(
    InvalidArgument,
    () => 'refusing to create an ambiguous tag using digest algorithm as name',
  ),
});
