/** Makes of a result what its client asks for, one output after the other. */
import type { Nanos } from '../../../base/time.ts';
import { outputFailure } from '../../../model/failures/output.ts';
import type { BuildOutput, ExportOptions } from '../solve/promise.ts';
import type { SolvedImage } from '../solve/solved.ts';
import { type ArchiveOutputDeps, exportArchive } from './archive.ts';
import { type CacheOutputDeps, checkCaches, exportCaches, withInlineCache } from './cache.ts';
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
  if (options.outputs.length > 0 && solved.results.length === 0) throw outputFailure.noResult();
  const { outputs, cacheTo, client, tell, signal } = options;
  const telling = { client, tell, signal, now: deps.now };
  checkCaches(cacheTo);
  const results = await withInlineCache(solved.results, cacheTo, deps, telling);
  const work = [
    ...outputs.map((output) => () => exportOne(output, { ...solved, results }, options, deps)),
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
  { client, tell, signal }: ExportOptions,
  deps: ExportDeps,
): Promise<Answer> {
  const { results, multiPlatform } = solved;
  const telling = { tell, signal, now: deps.now };
  switch (output.is) {
    case 'image':
      return exportImage(output, onlyResult(results), deps, { ...telling, client });
    case 'archive':
      return exportArchive(
        output,
        results.map(({ image }) => image),
        multiPlatform,
        deps,
        telling,
      );
    case 'tar':
      return exportTar(output, results, multiPlatform, deps, telling);
    case 'files':
      return exportFiles(output, results, multiPlatform, deps, telling);
    default:
      return output satisfies never;
  }
}
