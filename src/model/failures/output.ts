/** Failures of what is made of a build's result: images, archives, files, caches for others. */
import { InvalidArgument, NotFound } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of what is made of a build's result. Where clients look for words, they are BuildKit's. */
export const outputFailure = failures('output', {
  imageOfSeveral: failure(
    InvalidArgument,
    () => 'exporting multiple references to image store is currently unsupported',
  ),
  archiveOfSeveral: failure(
    InvalidArgument,
    () => 'docker exporter does not currently support exporting manifest lists',
  ),
  layoutUnsupported: failure(
    InvalidArgument,
    ({ format }: { format: string }) =>
      `${format} output with tar=false: this engine sends an archive, not the files of a layout`,
  ),
  pushByDigest: failure(
    InvalidArgument,
    () => 'push-by-digest is not implemented: push by a name with a tag',
  ),
  pushNameless: failure(InvalidArgument, () => 'tag is needed when pushing to registry'),
  nameWithDigest: failure(
    InvalidArgument,
    ({ name }: { name: string }) =>
      `invalid name for an image that is built: ${name}: a digest cannot be chosen`,
  ),
  notBoolean: failure(
    InvalidArgument,
    ({ name, value }: { name: string; value: string }) =>
      `non-bool value specified for ${name}: ${JSON.stringify(value)}`,
  ),
  exporterUnknown: failure(
    InvalidArgument,
    ({ type }: { type: string }) => `unknown cache exporter: ${JSON.stringify(type)}`,
  ),
  importerUnknown: failure(
    InvalidArgument,
    ({ type }: { type: string }) => `unknown cache importer: ${type}`,
  ),
  cacheInDirectory: failure(
    InvalidArgument,
    () =>
      'a cache in a directory of the client (type=local) is not read or written by this engine: use type=registry or type=inline',
  ),
  cacheRefMissing: failure(InvalidArgument, () => 'failed to configure registry cache: missing ref'),
  fileMissing: failure(NotFound, ({ path }: { path: string }) => `stat ${path}: no such file or directory`),
  noDirectory: failure(InvalidArgument, ({ path }: { path: string }) => `readdir /${path}: not a directory`),
  tokenUnknown: failure(NotFound, ({ token }: { token: string }) => `no such ref: ${token}`),
});
