/** What the scenes of builds do: files put in place, buildx run, and what it made written down. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from '../../cli/scenes.ts';
import { tidy } from '../../cli/tidy.ts';
import type { DockerOptions, Ran } from '../../harness/docker.ts';
import { file, type Member, tarOf } from '../../harness/layered.ts';
import { imageLines } from '../made-by-buildx.ts';
import { plainBlocks } from '../plain-progress.ts';

/** Files of a directory, text each by its path, or members of an archive. */
export type Files = Readonly<Record<string, string>> | readonly Member[];

const membersOf = (files: Files): readonly Member[] =>
  Array.isArray(files)
    ? (files as readonly Member[])
    : Object.entries(files as Readonly<Record<string, string>>).map(([path, text]) => file(path, text));

/** Puts files below the scene's directory. `name`: no two scenes have the same, for buildx tells directories apart by it. */
export function place(stage: Stage, name: string, files: Files): string {
  const path = join(stage.directory(), name);
  mkdirSync(path, { recursive: true });
  execFileSync('tar', ['-xpm', '-C', path], { input: tarOf(membersOf(files)) });
  return path;
}

/** An archive of files. */
export const packed = (files: Files): Buffer => tarOf(membersOf(files));

/** `docker buildx build`, written down: its work in order of names, then what it printed. */
export const build = (stage: Stage, argv: readonly string[], options: DockerOptions = {}): Promise<Ran> =>
  buildx(stage, ['buildx', 'build', '--progress=plain', '--network=none', ...argv], options);

/** The same scene without anything in the cache at its beginning; every image that it brought goes at its end. */
export const fresh = (play: (stage: Stage) => Promise<void>): ((stage: Stage) => Promise<void>) =>
  tidy(async (stage) => {
    await stage.quietly(['buildx', 'prune', '--all', '--force']);
    await play(stage);
  });

/** A context with a name is read once for each that reads it; which of them brings how much of it, is chance. */
const OF_NAMED = /(\[context \S+\] load from client\n)(?: {2}.*\n)+(?:\1(?: {2}.*\n)+)*/g;

/** Newer frontends warn of more than dockerd's; what a cache of elsewhere is read by, is each engine's own. */
const OWN_WORDS = [
  /^ {2}WARN: [A-Z]\w+: .*\n/gm,
  /^ .*\d+ warnings? found .*\n(?:.* - [A-Z]\w+: .*\n)+/gm,
  /^ {2}(pulling <digest>|inferred cache manifest type: \S+) done\n/gm,
];

/** What two engines may tell differently, left out. */
export const toldAlike = (text: string): string =>
  OWN_WORDS.reduce((rest, words) => rest.replace(words, ''), text.replace(OF_NAMED, '$1'));

/** Any command line that shows work as builds do. `shared`: of several targets. */
export async function buildx(
  stage: Stage,
  argv: readonly string[],
  { shared, ...options }: DockerOptions & { readonly shared?: boolean } = {},
): Promise<Ran> {
  const ran = await stage.quietly(argv, options);
  stage.see(
    `$ docker ${argv.join(' ')}\n${toldAlike(plainBlocks(ran.stderr, shared))}\n${ran.stdout}[${ran.code}]`,
  );
  return ran;
}

/** An image: configuration, history, files that are not of busybox. */
export async function seeImage(stage: Stage, name: string): Promise<void> {
  const { status } = await stage.engine.api().get(`/images/${name}/json`);
  if (status !== 200) return stage.see(`image ${name}: ${status}`);
  const lines = await imageLines(stage.engine, name, 0);
  stage.see(
    [
      `image ${name}`,
      ...lines.filter(
        (line) => !/^layer 0 .*"(bin|dev|etc|home|proc|root|sys|tmp|usr|var|sbin|lib|run)[/"]/.test(line),
      ),
    ].join('\n  '),
  );
}

/** Every file below a directory: kind, mode, owner, path, content. */
export function seeFiles(stage: Stage, directory: string): void {
  const listed = execFileSync('find', [directory, '-mindepth', '1', '-printf', '%y %m %U:%G %P %l\\n'], {
    encoding: 'utf8',
  });
  const lines = listed.split('\n').filter((line) => line !== '');
  const shown = lines.toSorted().map((line) => {
    const [kind, , , path = ''] = line.split(' ');
    return kind === 'f'
      ? `${line}${JSON.stringify(readFileSync(join(directory, path), 'latin1').slice(0, 200))}`
      : line;
  });
  stage.see([`files of ${directory}`, ...shown].join('\n  '));
}

/** The members of an archive by their names, and of which kind. */
export function seeArchive(stage: Stage, path: string): void {
  const listed = execFileSync('tar', ['-tvf', path, '--numeric-owner'], { encoding: 'utf8' });
  const lines = listed
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ +/g, ' ').replace(/ \d{4}-\d\d-\d\d \d\d:\d\d /, ' '));
  stage.see([`archive ${path}`, ...lines.toSorted()].join('\n  '));
}
