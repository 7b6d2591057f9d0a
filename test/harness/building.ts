/** Builds of a security test: a context made of members, and what the engine said of it. */
import type { Engine } from './dockerd.ts';
import type { Ask } from './http.ts';
import { file, type Member, tarOf } from './layered.ts';

/** How a build ended. */
export interface Built {
  readonly status: number;
  /** Everything, as it came. */
  readonly text: string;
  /** What is for people, in one. */
  readonly said: string;
  /** Empty: it succeeded. */
  readonly error: string;
  /** Of the image; empty: there is none. */
  readonly id: string;
}

/** The query of a build, by the names of the API. */
export type BuildQuery = Readonly<Record<string, string>>;

/** A context with this Dockerfile. */
export const contextOf = (dockerfile: string | Buffer, members: readonly Member[] = []): Buffer =>
  tarOf([file('Dockerfile', dockerfile), ...members]);

/** Builds what is in an archive, whatever it is. */
export async function buildArchive(
  engine: Engine,
  body: Ask['body'],
  query: BuildQuery = {},
  ask: Omit<Ask, 'body'> = {},
): Promise<Built> {
  const words = new URLSearchParams({ rm: '1', forcerm: '1', ...query });
  const headers = { 'content-type': 'application/x-tar', ...ask.headers };
  const { status, text } = await engine.api().request('POST', `/build?${words}`, { ...ask, body, headers });
  if (status !== 200) return { status, text, said: '', error: text, id: '' };
  const messages = messagesIn(text);
  return {
    status,
    text,
    said: messages.map(({ stream = '' }) => stream).join(''),
    error: messages.findLast(({ error }) => error !== undefined)?.error ?? '',
    id: messages.findLast(({ aux }) => aux?.ID !== undefined)?.aux?.ID ?? '',
  };
}

/** Builds a Dockerfile with members beside it. */
export const build = (
  engine: Engine,
  dockerfile: string | Buffer,
  members: readonly Member[] = [],
  query: BuildQuery = {},
): Promise<Built> => buildArchive(engine, contextOf(dockerfile, members), query);

/** The same, and every step is done again. */
export const buildAnew: typeof build = (engine, dockerfile, members, query) =>
  build(engine, dockerfile, members, { nocache: '1', ...query });

interface Message {
  readonly stream?: string;
  readonly error?: string;
  readonly aux?: { readonly ID?: string };
}

/** The messages of a stream, one a line. @throws SyntaxError for a line that is none */
export const messagesIn = (text: string): Message[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Message);
