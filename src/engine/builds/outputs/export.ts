/** Makes of a result what its client asks for, one output after the other. */
import type { Nanos } from '../../../base/time.ts';
import type { BuildOutput, ExportOptions } from '../solve/promise.ts';
import type { SolvedImage } from '../solve/solved.ts';
import { type ArchiveOutputDeps, exportArchive } from './archive.ts';
import { type CacheOutputDeps, exportCaches, isInline, withInlineCache } from './cache.ts';
import { exportFiles, exportTar, type FilesOutputDeps } from './files.ts';
import { exportImage, type ImageOutputDeps, onlyResult } from './image.ts';

/** What results are exported with. */
export type ExportDeps = ImageOutputDeps &
  CacheOutputDeps &
  ArchiveOutputDeps &
  FilesOutputDeps & { readonly now: () => Nanos };

/** What is exported. */
export interface Exported {
  readonly results: readonly SolvedImage[];
  readonly multiPlatform: boolean;
}

/** What the exporters answer, by name; of two that answer the same, the later one counts. */
export async function exportSolved(
  solved: Exported,
  options: ExportOptions,
  deps: ExportDeps,
): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>();
  // A question was answered: there is nothing to export.
  if (solved.results.length === 0) return answers;
  const { outputs, cacheTo, client, tell, signal } = options;
  const telling = { client, tell, signal, now: deps.now };
  const work = [
    ...outputs.map((output) => () => exportOne(output, solved, options, deps)),
    () => exportCaches(cacheTo, solved.results, deps, telling),
  ];
  for (const exporting of work) {
    signal.throwIfAborted();
    for (const [name, value] of Object.entries(await exporting())) answers.set(name, value);
  }
  return answers;
}

/** By name. */
type Answer = Readonly<Record<string, string>>;

function exportOne(
  output: BuildOutput,
  solved: Exported,
  { client, tell, signal, cacheTo }: ExportOptions,
  deps: ExportDeps,
): Promise<Answer> {
  const { results, multiPlatform } = solved;
  const telling = { tell, signal, now: deps.now };
  const inline = isInline(cacheTo) ? (each: SolvedImage) => withInlineCache(each, deps) : undefined;
  switch (output.is) {
    case 'image':
      return exportImage(output, onlyResult(results), deps, { ...telling, client, inline });
    case 'archive':
      return exportArchive(output, results, multiPlatform, deps, { ...telling, inline });
    case 'tar':
      return exportTar(output, results, multiPlatform, deps, telling);
    case 'files':
      return exportFiles(output, results, multiPlatform, deps, telling);
    default:
      return output satisfies never;
  }
}
