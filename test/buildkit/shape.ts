/** The shape of a build's progress: what was told of each piece of work, without times, digests and chance. */
import { type RawProgress, type RawVertex, rawLogs, rawWarnings } from './raw-json.ts';
import { SHARED_BASE, settledWords } from './settled-words.ts';

/** Every piece of work with what it stands on, how it ended, its parts and what it said; then what was told wrongly. */
export function shapeOf(progress: RawProgress): string {
  const vertices = new Map<string, RawVertex>();
  for (const { vertexes = [] } of progress.messages)
    for (const each of vertexes)
      vertices.set(each.digest, { ...each, name: each.name.replace(SHARED_BASE, 'FROM ') });
  const nameOf = (digest: string): string => vertices.get(digest)?.name ?? 'a vertex that is not told';
  const blocks = [...vertices.values()].map((vertex) =>
    [
      `${vertex.name}: ${ended(vertex)}`,
      ...(vertex.inputs ?? []).map((digest) => `on ${nameOf(digest)}`).toSorted(),
      ...partsOf(progress, vertex.digest),
      ...rawLogs(progress, vertex.digest),
      ...rawWarnings(progress, vertex.digest),
    ].join('\n  '),
  );
  const lines = [...blocks.toSorted(), ...wrongs(progress), progress.words];
  return settledWords(lines.join('\n'));
}

const ended = ({ started, completed, cached, error }: RawVertex): string =>
  [
    started === undefined ? 'not begun' : completed === undefined ? 'not done' : 'done',
    ...(cached ? ['cached'] : []),
    ...(error ? [`error ${error}`] : []),
  ].join(', ');

/** Parts by their ids, each as it was at last: how much, of how much. */
function partsOf({ messages }: RawProgress, digest: string): string[] {
  const parts = new Map<string, string>();
  for (const { statuses = [] } of messages)
    for (const { id, vertex, name, current, total, completed } of statuses)
      if (vertex === digest)
        parts.set(id, `part ${id} (${name ?? ''}) ${current} of ${total ?? 0}${completed ? ' done' : ''}`);
  return [...parts.values()].toSorted();
}

/** Times that run backwards, and work that is told of before it is announced. */
function wrongs({ messages }: RawProgress): string[] {
  const known = new Set<string>();
  const found: string[] = [];
  for (const { vertexes = [], statuses = [], logs = [] } of messages) {
    for (const { digest, name, started, completed } of vertexes) {
      known.add(digest);
      if (completed !== undefined && (started === undefined || started > completed))
        found.push(`${name} ends before it begins`);
    }
    for (const { vertex } of [...statuses, ...logs])
      if (!known.has(vertex)) found.push('a part is told of before its vertex');
  }
  return found;
}
