/** Failures of what is made of a build's result: images, archives, files, caches for others. */
import { InvalidArgument, NotFound } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Whether BuildKit keeps caches of that kind, and this engine does not. */
export const isCacheElsewhere = (type: string): boolean => ['gha', 's3', 'azblob'].includes(type);

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
  wouldOverwrite: failure(
    InvalidArgument,
    ({ path, first, second }: { path: string; first: string; second: string }) =>
      `cannot overwrite ${path} from ${first} with ${second} when split option is disabled`,
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
  cacheElsewhere: failure(
    InvalidArgument,
    ({ type }: { type: string }) =>
      `a cache of type=${type} is not read or written by this engine: use type=registry, type=local or type=inline`,
  ),
  cacheDirectoryMissing: failure(
    InvalidArgument,
    ({ what, attribute }: { what: 'exporter' | 'importer'; attribute: string }) =>
      `local cache ${what} requires ${attribute}`,
  ),
  cacheDigestMissing: failure(InvalidArgument, () => 'local cache importer requires explicit digest'),
  cacheRefMissing: failure(InvalidArgument, () => 'failed to configure registry cache: missing ref'),
  fileMissing: failure(NotFound, ({ path }: { path: string }) => `stat ${path}: no such file or directory`),
  noDirectory: failure(InvalidArgument, ({ path }: { path: string }) => `readdir /${path}: not a directory`),
  tokenUnknown: failure(NotFound, ({ token }: { token: string }) => `no such ref: ${token}`),
});
