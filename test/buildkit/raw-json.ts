/** What `--progress=rawjson` writes: the solve's status messages, one indented document behind the other. */

/** A piece of work, as far as tests look at it. */
export interface RawVertex {
  readonly digest: string;
  readonly inputs?: readonly string[];
  readonly name: string;
  readonly started?: string;
  readonly completed?: string;
  readonly cached?: boolean;
  readonly error?: string;
}

interface RawStatus {
  readonly id: string;
  readonly vertex: string;
  readonly name?: string;
  readonly total?: number;
  readonly current: number;
  readonly completed?: string;
}

interface RawLog {
  readonly vertex: string;
  readonly stream?: number;
  /** Base64. */
  readonly data: string;
}

interface RawWarning {
  readonly vertex: string;
  readonly level?: number;
  /** Base64, as all the texts of a warning. */
  readonly short?: string;
  readonly detail?: readonly string[];
  readonly url?: string;
}

/** One message of the stream. */
interface RawMessage {
  readonly vertexes?: readonly RawVertex[];
  readonly statuses?: readonly RawStatus[];
  readonly logs?: readonly RawLog[];
  readonly warnings?: readonly RawWarning[];
}

/** All that was told, and what stood around it. */
export interface RawProgress {
  readonly messages: readonly RawMessage[];
  /** The words of the command line: an error with its place. */
  readonly words: string;
}

/** Documents begin and end with a brace at the line's start; what stands outside of them are words. */
export function rawProgress(text: string): RawProgress {
  const messages: RawMessage[] = [];
  const words = text.replace(/^\{\n[\s\S]*?^\}\n/gm, (document) => {
    messages.push(JSON.parse(document) as RawMessage);
    return '';
  });
  return { messages, words: words.trim() };
}

const textOf = (base64 = ''): string => Buffer.from(base64, 'base64').toString();

/** What a piece of work wrote: a line of each stream's text, put together. */
export function rawLogs({ messages }: RawProgress, digest: string): string[] {
  const written = new Map<number, Buffer[]>();
  for (const { vertex, stream = 0, data } of messages.flatMap(({ logs = [] }) => logs))
    if (vertex === digest) written.set(stream, [...(written.get(stream) ?? []), Buffer.from(data, 'base64')]);
  return [...written]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([stream, pieces]) =>
      linesOf(Buffer.concat(pieces).toString()).map((line) => `says on ${stream}: ${JSON.stringify(line)}`),
    );
}

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** What a piece of work warns of, a line each. */
export const rawWarnings = ({ messages }: RawProgress, digest: string): string[] =>
  messages
    .flatMap(({ warnings = [] }) => warnings)
    .filter(({ vertex }) => vertex === digest)
    .map(({ level, short, detail = [], url = '' }) =>
      [`warns (${level}): ${textOf(short)}`, ...detail.map(textOf), url].join(' | '),
    );

/** A line for each piece of work, its output and its warnings, by their names and without an order. */
export function progressLines(progress: RawProgress): string[] {
  const vertices = new Map<string, RawVertex>();
  for (const { vertexes = [] } of progress.messages)
    for (const each of vertexes) vertices.set(each.digest, each);
  return [...vertices.values()]
    .flatMap(({ digest, name, error, completed }) => [
      `step ${name}${completed ? '' : ' is not done'}${error ? ` fails: ${error}` : ''}`,
      ...[...rawLogs(progress, digest), ...rawWarnings(progress, digest)].map(
        (line) => `step ${name} ${line}`,
      ),
    ])
    .toSorted();
}
