/** Builds a case of the corpus on an engine, and tells what came of it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianDocker } from '../harness/docker.ts';
import type { Engine } from '../harness/dockerd.ts';
import { dockerArchiveOf, loadArchive, type Member, tarOf } from '../harness/layered.ts';
import type { BuildCase } from './build-case.ts';
import { madeLines } from './made.ts';

/** The image in lines, or why there is none. */
export type Built = { readonly lines: readonly string[] } | { readonly refusal: string };

/** What was changed before was changed by nobody here. */
const SINCE_SECONDS = Math.floor(Date.now() / 1000) - 60;
const OLD_NANOS = 1_200_000_000n * 1_000_000_000n;

/** Members of a context, the Dockerfile first. */
export const contextOf = (dockerfile: string | Buffer, files: readonly Member[] = []): Buffer =>
  tarOf(
    ([[{ path: 'Dockerfile' }, dockerfile], ...files] as const).map(([entry, data = '']) => [
      { mtimeNanos: OLD_NANOS, ...entry },
      data,
    ]),
  );

/** `tag`: the image's name. */
export async function built(
  engine: Engine,
  each: BuildCase,
  tag: string,
  viaClient: boolean,
): Promise<Built> {
  if (each.loads) await loadArchive(engine.api(), dockerArchiveOf([each.loads]));
  for (const [name, dockerfile] of Object.entries(each.bases ?? {})) {
    const { refusal } = await post(engine, contextOf(dockerfile), { t: name });
    if (refusal !== undefined) throw new Error(`the base ${name} is refused: ${refusal}`);
  }
  const archive = contextOf(each.dockerfile, each.context);
  const query = { t: tag, ...each.query };
  const { refusal, said = [] } = await (viaClient ? sent : post)(engine, archive, query).catch(lost);
  if (refusal !== undefined) return { refusal };
  return { lines: [...said, ...(await madeLines(engine.api('1.41'), tag, SINCE_SECONDS))] };
}

interface Answered {
  readonly refusal?: string;
  readonly said?: readonly string[];
}

async function post(
  engine: Engine,
  archive: Buffer,
  query: Readonly<Record<string, string>>,
): Promise<Answered> {
  const words = new URLSearchParams({ networkmode: 'none', rm: '1', ...query });
  const answer = await engine.api('1.41').post(`/build?${words}`, archive, {
    headers: { 'content-type': 'application/x-tar' },
  });
  if (answer.status !== 200) return refused(answer.status, answer.json<{ message: string }>().message);
  const messages = answer.text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Message);
  const failed = messages.find(({ error }) => error !== undefined);
  if (failed) return refused(failed.errorDetail?.code, failed.error ?? '');
  return { said: saidLines(messages.map(({ stream = '' }) => stream).join('')) };
}

/** Gantry adds a line with the place in the Dockerfile. */
const refused = (code: number | undefined, words: string): Answered => ({
  refusal: `${code ?? ''} ${words.replace(/\nDockerfile:\d+: .*$/s, '')}`,
});

/** dockerd panics now and then, and cuts the connection off. */
const lost = (error: unknown): Answered => ({ refusal: error instanceof Error ? error.message : '' });

interface Message {
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number };
}

/** Without ids, and without the containers that only one of the engines makes. */
const saidLines = (text: string): string[] =>
  text
    .replaceAll('\u001b[0m\u001b[91m', '') // how much comes at once is chance
    .split('\n')
    .filter(
      (line) => line.trim() !== '' && !/^ ---> |^Removing intermediate container|^Successfully /.test(line),
    )
    .map((line) => `said ${line.replace(/(container) [0-9a-f]{12}/, '$1 …')}`);

/** By the command line, from a directory: it leaves out what `.dockerignore` says. */
async function sent(
  engine: Engine,
  archive: Buffer,
  query: Readonly<Record<string, string>>,
): Promise<Answered> {
  const home = mkdtempSync(join(tmpdir(), 'build-context-'));
  try {
    const directory = join(home, 'context');
    mkdirSync(directory);
    execFileSync('tar', ['-xp', '-C', directory], { input: archive });
    const flags = Object.entries(query).flatMap(([name, value]) => [
      name === 't' ? '-t' : `--${name}`,
      value,
    ]);
    const { code, stdout, stderr } = await engine.docker(['build', '--network=none', ...flags, directory], {
      cli: debianDocker(),
      env: { DOCKER_BUILDKIT: '0' },
    });
    if (code !== 0) return refused(undefined, stderr.trim().replace(/^Error response from daemon: /, ''));
    return {
      said: saidLines(stdout.replace(/^.*\r/, '')),
    };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
