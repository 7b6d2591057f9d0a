/** Builds a case of the corpus by buildx, and tells what came of it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { BuildCase } from '../builds/build-case.ts';
import { type Built, contextOf } from '../builds/built.ts';
import { madeLines } from '../builds/made.ts';
import type { DockerOptions } from '../harness/docker.ts';
import type { Engine } from '../harness/dockerd.ts';
import { dockerArchiveOf, loadArchive } from '../harness/layered.ts';
import { progressLines, type RawProgress, rawProgress } from './raw-json.ts';
import { settledWords } from './settled-words.ts';

/** What was changed before was changed by nobody here. */
const SINCE_SECONDS = Math.floor(Date.now() / 1000) - 60;

/** A directory with what a case is built from: modes, times and links as they are in its archive. */
export function contextDirectory(
  each: Pick<BuildCase, 'dockerfile' | 'context' | 'bases'>,
): Disposable & { readonly path: string } {
  const home = mkdtempSync(join(tmpdir(), 'buildkit-context-'));
  // Buildx takes directories of one name for one that has changed, by the sizes and times of its files.
  const path = join(home, basename(home));
  mkdirSync(path);
  execFileSync('tar', ['-xp', '--numeric-owner', '-C', path], {
    input: contextOf(each.dockerfile, each.context),
  });
  for (const [index, dockerfile] of Object.values(each.bases ?? {}).entries())
    writeFileSync(join(home, `base-${index}`), dockerfile);
  return { path, [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }) };
}

/** How a build by buildx ended. */
interface Buildx extends RawProgress {
  readonly code: number;
}

/** `docker buildx build`, its progress read. */
async function buildx(engine: Engine, argv: readonly string[], options: DockerOptions = {}): Promise<Buildx> {
  const { code, stdout, stderr } = await engine.docker(
    ['buildx', 'build', '--progress=rawjson', '--network=none', ...argv],
    { ...options, plugins: true },
  );
  return { code, ...rawProgress(`${stdout}${stderr}`) };
}

/** Why buildx would not build on an engine; false: it does. */
export async function withoutBuildKit(engine: Engine): Promise<string | false> {
  const { headers } = await engine.api().get('/_ping');
  return headers['builder-version'] !== '2' && 'the engine does not speak as BuildKit does';
}

/** Flags of the command line for the parameters of a build. */
function flagsOf(query: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(query).flatMap(([name, value]) => {
    if (name === 'target') return [`--target=${value}`];
    const flag = { buildargs: '--build-arg', labels: '--label' }[name];
    if (flag === undefined) throw new Error(`no flag for ${name}`);
    return Object.entries(JSON.parse(value) as Record<string, string | null>).flatMap(([key, member]) => [
      flag,
      member === null ? key : `${key}=${member}`,
    ]);
  });
}

/** Bases are shared by the builds that go on: what they are called in which build is chance. */
const OF_ANOTHER = /^step (\[[^\]]+\] )?FROM /;
/** Gantry warns by the rules of newer frontends. */
const WARNING = /^step .* warns \(\d\): /;

/** `directory`: of {@link contextDirectory}; `tag`: the image's name. */
export async function madeByBuildx(
  engine: Engine,
  each: BuildCase,
  tag: string,
  directory: string,
): Promise<Built> {
  if (each.loads) await loadArchive(engine.api(), dockerArchiveOf([each.loads]));
  for (const [index, name] of Object.keys(each.bases ?? {}).entries()) {
    const base = await buildx(engine, ['-t', name, '-f', join(directory, `../base-${index}`), directory]);
    if (base.code !== 0) throw new Error(`the base ${name} is refused: ${base.words}`);
  }
  const made = await buildx(engine, ['--no-cache', '-t', tag, ...flagsOf(each.query), directory]);
  if (made.code !== 0) return { refusal: settledWords(made.words).replaceAll(directory, '<context>') };
  const steps = progressLines(made).filter((line) => !OF_ANOTHER.test(line) && !WARNING.test(line));
  return { lines: [...steps, ...(await imageLines(engine, tag, SINCE_SECONDS))] };
}

/** The image in lines that any engine has alike. */
export async function imageLines(engine: Engine, name: string, sinceSeconds: number): Promise<string[]> {
  const lines = await madeLines(engine.api('1.41'), name, sinceSeconds);
  return lines.filter((line) => !OF_DOCKERD.test(line)).map(sizeless);
}

/** dockerd puts files of its own into /etc for RUN, and takes them away: the directory is of the layer then. */
const OF_DOCKERD = /^layer [1-9]\d* "etc" directory 7[05][05] 0:0 new$|^Size = /;

/** dockerd counts what its BuildKit made by its storage: links and what is there twice have no size. */
const sizeless = (line: string): string => line.replace(/^told \d+ bytes/, 'told');
