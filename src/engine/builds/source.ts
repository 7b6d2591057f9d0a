/** Opens what a build is made from: its context, without what it ignores, and its Dockerfile. */
import { posix } from 'node:path';
import { NotFound } from '../../base/errors.ts';
import { readIgnoreFile } from '../../formats/ignore-patterns.ts';
import type { ByteText } from '../../formats/tar/entry.ts';
import { stepFailure } from '../../model/failures/step.ts';
import type { FileSource, Storage } from '../../storage/index.ts';
import type { Say } from './output.ts';
import type { BuildOptions, BuildSource } from './promise.ts';
import { openRemote, type RemoteDeps } from './remote/open.ts';

/** A Dockerfile larger than this is none. */
const DOCKERFILE_BYTES_MAX = 1 << 20;
/** Ignore patterns: each is tried on each path. */
const IGNORE_BYTES_MAX = 1 << 20;

/** What sources are opened with. */
export type OpenSourceDeps = RemoteDeps & { readonly storage: Pick<Storage, 'files'> };

/** A build's files, open. Dispose of it. */
export interface OpenedSource extends AsyncDisposable {
  readonly context: FileSource;
  readonly dockerfile: { readonly name: string; readonly text: ByteText };
}

/** @throws InvalidArgument, Failed */
export async function openSource(
  { source, dockerfile }: Pick<BuildOptions, 'source' | 'dockerfile'>,
  deps: OpenSourceDeps,
  say: Say,
  signal: AbortSignal,
): Promise<OpenedSource> {
  await using opened = new AsyncDisposableStack();
  const { all, instead } = await takeIn(source, deps, say, signal);
  opened.use(all);
  const found =
    instead === undefined
      ? await findDockerfile(all, dockerfile, signal)
      : { name: dockerfile ?? 'Dockerfile', bytes: instead };
  if (found.bytes.length === 0) throw stepFailure.dockerfileEmpty({ name: found.name });
  const ignored = await readIgnored(all, found.name, signal);
  const held = opened.move();
  return {
    context: ignored === undefined ? all : all.without(ignored),
    dockerfile: { name: found.name, text: found.bytes.toString('latin1') },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** `instead`: what takes the place of the context's own Dockerfile. */
async function takeIn(
  source: BuildSource,
  deps: OpenSourceDeps,
  say: Say,
  signal: AbortSignal,
): Promise<{ all: FileSource; instead: Buffer | undefined }> {
  const { files } = deps.storage;
  if (source.is === 'archive') {
    const all = await files.openContext(source.bytes, { signal });
    return { all, instead: source.dockerfile?.() };
  }
  await using remote = await openRemote(source.address, deps, { say, signal });
  const all = await files.openContext(remote.bytes, { signal });
  return { all, instead: remote.dockerfile?.() };
}

/** Without a name it is `Dockerfile`, or what some systems make of that. */
async function findDockerfile(
  context: FileSource,
  asked: string | undefined,
  signal: AbortSignal,
): Promise<{ name: string; bytes: Buffer }> {
  const name = asked ?? 'Dockerfile';
  if (posix.normalize(`./${name}`).startsWith('..')) throw stepFailure.pathForbidden({ path: name });
  const bytes =
    (await read(context, name, DOCKERFILE_BYTES_MAX, signal)) ??
    (asked === undefined ? await read(context, 'dockerfile', DOCKERFILE_BYTES_MAX, signal) : undefined);
  if (bytes === undefined) throw stepFailure.dockerfileMissing({ name });
  return { name, bytes };
}

/** A Dockerfile's own patterns come before those of the whole context. */
async function readIgnored(
  context: FileSource,
  dockerfile: string,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const own = await read(context, `${dockerfile}.dockerignore`, IGNORE_BYTES_MAX, signal);
  const bytes = own ?? (await read(context, '.dockerignore', IGNORE_BYTES_MAX, signal));
  return bytes && readIgnoreFile(bytes.toString('latin1'));
}

/** Undefined: there is none. @throws InvalidArgument for what is no file, or too large */
async function read(
  context: FileSource,
  name: string,
  most: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const path = Buffer.from(posix.normalize(name)).toString('latin1').replace(/^\/+/, '');
  try {
    return await context.readFile(path, { most, signal });
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}
