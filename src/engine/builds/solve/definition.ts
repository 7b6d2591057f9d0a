/** Finds the Dockerfile of a build, and what of the context it leaves out, each by a small question to the client. */
import { posix } from 'node:path';
import { inContext, NotFound } from '../../../base/errors.ts';
import { parseDockerfile } from '../../../formats/dockerfile/parse.ts';
import { readIgnoreFile } from '../../../formats/ignore-patterns.ts';
import type { SourceFile } from '../../../model/build-event.ts';
import { vertexContext, vertexFailure } from '../../../model/failures/vertex.ts';
import type { FileSource } from '../../../storage/index.ts';
import { type OpenedInput, openInput } from './inputs.ts';
import { placeOfReading, readingFailure } from './parse-failure.ts';
import type { Work } from './perform/solving.ts';
import { wordsAlone } from './perform/words-alone.ts';
import { placed } from './place.ts';
import { contextNode } from './plan/context.ts';
import { type FilesNode, repositoryOf, sourceOf, type Vertex, Vertices, vertexDigest } from './plan/nodes.ts';
import type { BuildInput } from './promise.ts';
import type { Definition } from './solved.ts';

const USUAL_NAME = 'Dockerfile';
/** A Dockerfile larger than this is none. */
const DOCKERFILE_BYTES_MAX = 1 << 20;
/** Ignore patterns: each is tried on each path. */
const IGNORE_BYTES_MAX = 1 << 20;

/** A Dockerfile, found. */
export interface Found {
  readonly file: SourceFile;
  /** The vertex that has read it: warnings are told of it. */
  readonly vertex: Vertex;
  /** What stands in the Dockerfile's own list of what the context leaves out; undefined: it has none. */
  readonly ignored: readonly string[] | undefined;
}

/** Opens each input once, whoever asks for it: an upload can be read but once. */
export type OpenWhole = (node: FilesNode) => Promise<OpenedInput>;

/** @throws NotFound `failed to read dockerfile: …` */
export async function findDefinition(work: Work, openWhole: OpenWhole): Promise<Found> {
  const { from, name = USUAL_NAME } = work.options.dockerfile;
  const names = [name, `${name}.dockerignore`];
  const isUsual = posix.basename(name) === USUAL_NAME;
  const small = posix.join(posix.dirname(name), USUAL_NAME.toLowerCase());
  if (from.is === 'image' || from.is === 'layout' || from.is === 'solved')
    throw vertexFailure.noDockerfileIn({ kind: from.is });
  const whole = contextNode(from, { followPaths: [], excludePatterns: [] });
  // A repository, and a part of one, is told as the context that it is, too.
  const isContextToo = from.is === 'part' || repositoryOf(from) !== undefined;
  const vertices = new Vertices(undefined);
  const vertex = isContextToo
    ? vertices.of(whole)
    : internal(`load build definition from ${name}`, [from, name]);
  const read = async (): Promise<OpenedInput> => {
    if (from.is !== 'client') return await openWhole(whole);
    const followPaths = isUsual ? [...names, small] : names;
    const wish = { input: from, followPaths, excludePatterns: [] };
    const told = { hint: `dockerfile ${name}`, what: 'dockerfile' };
    return await openInput(work, vertex, { ...wish, ...told, anew: true });
  };
  const opened = async (): Promise<OpenedInput> => {
    if (from.is === 'part') {
      const source = sourceOf(from);
      await toldOf(work, vertices.of(source), () => openWhole(source), isCached);
    }
    return await toldOf(work, vertex, read, isCached);
  };
  const { files, dockerfile } = await opened().catch((error: unknown) => {
    throw isContextToo ? inContext(error, vertexContext.readDockerfile()) : error;
  });
  const { signal } = work.ending;
  const found =
    dockerfile ??
    (await fileIn(files, name, DOCKERFILE_BYTES_MAX, signal)) ??
    (isUsual ? await fileIn(files, small, DOCKERFILE_BYTES_MAX, signal) : undefined);
  if (found === undefined) throw vertexFailure.dockerfileMissing({ name });
  const own = await fileIn(files, `${name}.dockerignore`, IGNORE_BYTES_MAX, signal);
  const file: SourceFile = { filename: name, bytes: found, language: USUAL_NAME };
  return { file, vertex, ignored: own && patternsIn(own) };
}

const isCached = ({ cached }: OpenedInput): boolean => cached;

/** @throws InvalidArgument, with its place */
export function readDefinition({ file }: Pick<Found, 'file'>): Definition {
  if (file.bytes.length === 0) throw vertexFailure.dockerfileEmpty();
  try {
    return { file, parsed: parseDockerfile(file.bytes.toString('latin1'), file.filename) };
  } catch (error) {
    const lines = file.bytes.toString('latin1').replace(/\n$/, '').split('\n').length;
    const ranges = placeOfReading(error, lines);
    const source = ranges === undefined ? undefined : { file, ranges: [ranges] };
    throw placed(readingFailure(error), { source, vertex: undefined });
  }
}

/** What the context's own list leaves out; asked for even if nothing is copied of it. */
export async function ignoredOf(work: Work, found: Pick<Found, 'ignored'>): Promise<readonly string[]> {
  if (found.ignored !== undefined) return found.ignored;
  const { context } = work.options;
  // Whatever is not a client's directory has no such list.
  if (context.is !== 'client') return [];
  return await ignoreListOf(work, internal('load .dockerignore', [context]), context, 'context');
}

/** Of a client's directory. */
export async function ignoreListOf(
  work: Work,
  vertex: Vertex,
  input: Extract<BuildInput, { is: 'client' }>,
  hint: string,
): Promise<readonly string[]> {
  return await toldOf(work, vertex, async () => {
    const wish = { input, followPaths: ['.dockerignore'], excludePatterns: [] };
    const { files } = await openInput(work, vertex, {
      ...wish,
      anew: true,
      hint: `${hint}-.dockerignore`,
      what: input.name,
    });
    const bytes = await fileIn(files, '.dockerignore', IGNORE_BYTES_MAX, work.ending.signal);
    return bytes === undefined ? [] : patternsIn(bytes);
  });
}

/** A vertex of the frontend's own: another one in each build. */
export const internal = (name: string, definition: unknown): Vertex => ({
  digest: vertexDigest([name, definition, crypto.randomUUID()]),
  name: `[internal] ${name}`,
  inputs: [],
});

/** Tells of a vertex that stands in no graph. */
export async function toldOf<T>(
  { teller, ending }: Work,
  vertex: Vertex,
  work: () => Promise<T>,
  isCached: (result: T) => boolean = () => false,
): Promise<T> {
  teller.begin(vertex);
  try {
    const result = await work();
    teller.end(vertex, { cached: isCached(result) });
    return result;
  } catch (error) {
    teller.end(vertex, { error: wordsAlone(ending.signal.aborted ? vertexFailure.cancelled() : error) });
    throw error;
  }
}

/** Clean, as clients read them. */
const patternsIn = (bytes: Buffer): string[] =>
  readIgnoreFile(bytes.toString('latin1')).map((pattern) => {
    const text = Buffer.from(pattern, 'latin1').toString();
    const isException = text.startsWith('!');
    const path = posix.normalize((isException ? text.slice(1) : text).trim()).replace(/(.)\/$/, '$1');
    const clean = path.length > 1 && path.startsWith('/') ? path.slice(1) : path;
    return isException ? `!${clean}` : clean;
  });

/** Undefined: there is none. */
async function fileIn(
  files: FileSource,
  name: string,
  most: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const path = Buffer.from(posix.normalize(`/${name}`).slice(1)).toString('latin1');
  try {
    return await files.readFile(path, { most, signal });
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw inContext(error, vertexContext.readDockerfile());
  }
}
