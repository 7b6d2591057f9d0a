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

/** A line for each piece of work, its output and its warnings, by their names and without an order. */
export function progressLines({ messages }: RawProgress): string[] {
  const vertices = new Map<string, RawVertex>();
  for (const { vertexes = [] } of messages) for (const each of vertexes) vertices.set(each.digest, each);
  const named = (digest: string): string => vertices.get(digest)?.name ?? `unknown vertex ${digest}`;
  const written = new Map<string, string>();
  for (const { logs = [] } of messages)
    for (const { vertex, stream, data } of logs) {
      const key = `${named(vertex)} says on ${stream}: `;
      written.set(key, (written.get(key) ?? '') + textOf(data));
    }
  const warned = messages
    .flatMap(({ warnings = [] }) => warnings)
    .map(({ vertex, level, short, detail = [], url = '' }) =>
      [`${named(vertex)} warns (${level}): ${textOf(short)}`, ...detail.map(textOf), url].join(' | '),
    );
  return [
    ...[...vertices.values()].map(
      ({ name, error, completed }) =>
        `${name}${completed ? '' : ' is not done'}${error ? ` fails: ${error}` : ''}`,
    ),
    ...[...written].flatMap(([key, text]) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => key + line),
    ),
    ...warned,
  ]
    .map((line) => `step ${line}`)
    .toSorted();
}
