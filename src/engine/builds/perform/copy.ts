/** Copies files into an image: COPY and ADD, from the context, a stage, an image, the web, or the Dockerfile itself. */
import { posix } from 'node:path';
import { inContext } from '../../../base/errors.ts';
import { textOf } from '../../../formats/byte-text.ts';
import { hasWildcards } from '../../../formats/path-match.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import { stepContext, stepFailure } from '../../../model/failures/step.ts';
import type { FileSource, SelectedFile, CopyStep as StorageCopy } from '../../../storage/index.ts';
import type { StepImage } from '../../images/steps.ts';
import type { Say } from '../output.ts';
import { type CopyStep, copyConfig } from '../plan/step.ts';
import { type Item, sha256 } from './item.ts';
import { once } from './once.ts';
import { ownerOf } from './owner.ts';
import { isRemote, remoteItem } from './remote-item.ts';
import type { Building } from './shared.ts';
import { sourceOf } from './source-of.ts';

/** The image with the files in it. @throws NotFound, InvalidArgument, Failed */
export async function copyStep(
  building: Building,
  from: StepImage,
  step: CopyStep,
  index: number,
  say: Say,
): Promise<StepImage> {
  await using downloads = new AsyncDisposableStack();
  const items = await itemsOf(building, step, index, downloads, say);
  if (items.length === 0) throw stepFailure.nothingChosen({ command: step.command });
  if (items.length > 1 && !step.destination.endsWith('/'))
    throw stepFailure.notADirectory({ command: step.command });
  const wanted = {
    from,
    after: step.after,
    containerConfig: copyConfig(step, wholeHash(items.map(({ hash }) => hash))),
    more: [
      ...(step.mode === undefined ? [] : [`mode ${step.mode}`]),
      ...(step.exclude.length === 0 ? [] : [`exclude ${step.exclude.join('\n')}`]),
      ...(step.parents ? ['parents', ...items.map(({ below, hash }) => `${below} ${hash}`)] : []),
      ...(step.unpack === undefined ? [] : [`unpack ${step.unpack}`]),
    ],
  };
  return await once(building, wanted, say, async (_tell, signal) => {
    const { layers } = building.deps.storage;
    const owner = await ownerOf(building, step, from, signal);
    const layer = await layers.addFiles({
      parent: from.chainId,
      steps: items.map((item): StorageCopy => copyOf(item, step, owner)),
      timesAtMost: building.timesAtMost,
      unsettled: true,
      lease: building.lease,
      signal,
    });
    return { diffId: layer?.diffId, container: '' };
  });
}

/** One copy of a step. `owner` undefined: files keep their owners. */
export const copyOf = (
  { from, below }: Item,
  { destination, mode }: Pick<CopyStep, 'destination' | 'mode'>,
  owner: StorageCopy['owner'],
  likeCp = false,
): StorageCopy => ({
  likeCp,
  from,
  destination: below === '' ? destination : `${destination.replace(/\/?$/, '/')}${below}/`,
  owner,
  mode,
});

/** One thing is told by its own hash, several by one over all. */
const wholeHash = (hashes: readonly string[]): string =>
  hashes.length === 1 ? (hashes[0] ?? '') : `multi:${sha256(hashes.join(','))}`;

async function itemsOf(
  building: Building,
  step: CopyStep,
  index: number,
  downloads: AsyncDisposableStack,
  say: Say,
): Promise<Item[]> {
  const isElsewhere = (word: ByteText): boolean => isRemote(word, step.command);
  const paths = step.sources.filter((word) => !isElsewhere(word));
  const chosen = paths.length === 0 ? [] : await chosenOf(building, step, paths, index, say);
  const items: Item[] = [];
  for (const word of step.sources)
    if (isElsewhere(word)) items.push(await remoteItem(building, step, word, downloads, say));
    else items.push(...(chosen[paths.indexOf(word)] ?? []));
  return [...items, ...step.inline.map(inlineItem)];
}

/** A here-document. */
export const inlineItem = ({ name, bytes }: CopyStep['inline'][number]): Item => ({
  hash: `file:${sha256(bytes)}`,
  from: { is: 'bytes', name, bytes, mode: 0o644 },
  below: '',
});

/** What each word chose. */
async function chosenOf(
  building: Building,
  step: CopyStep,
  words: readonly ByteText[],
  index: number,
  say: Say,
): Promise<Item[][]> {
  const ofContext = step.from === undefined;
  const source = step.from === undefined ? building.context : await sourceOf(building, step.from, index, say);
  if (ofContext) for (const word of words) refuseOutside(step.command, word);
  const owners = !ofContext && step.chown === undefined;
  const exclude = step.exclude;
  const selected = await source.select(
    { sources: words.map(withoutPivot), exclude, owners },
    building.signal,
  );
  return words.map((word, i) => {
    const found = selected[i] ?? [];
    if (found.length === 0 && !hasWildcards(word))
      throw stepFailure.fileMissing({
        command: step.command,
        path: textOf(relative(word)),
        inContext: ofContext,
      });
    return found.map((file) => selectedItem(source, step, word, file));
  });
}

/** How what a word chose is copied. */
export type Choosing = Pick<CopyStep, 'command' | 'exclude' | 'parents' | 'unpack'>;

/** Something that a word chose. */
export function selectedItem(source: FileSource, step: Choosing, word: ByteText, file: SelectedFile): Item {
  const kept = step.parents ? keptParents(word, file.path) : undefined;
  const inDirectory = file.is === 'directory' && kept !== undefined;
  return {
    hash: `${file.is === 'directory' ? 'dir' : 'file'}:${file.digest.slice('sha256:'.length)}`,
    from: {
      is: 'selected',
      source,
      path: file.path,
      ...(kept !== undefined && !inDirectory ? { name: kept } : {}),
      exclude: step.exclude,
      unpack: step.command === 'ADD' && (step.unpack ?? true),
    },
    below: inDirectory ? kept : '',
  };
}

const PIVOT = '/./';
/** Of `--parents` all that stands before `/./` is left out. */
export const withoutPivot = (word: ByteText): ByteText => word.replace(PIVOT, '/');

function keptParents(word: ByteText, path: ByteText): ByteText {
  const at = word.indexOf(PIVOT);
  if (at < 0) return path;
  const left = posix.normalize(`/${word.slice(0, at)}`).slice(1);
  // A pattern before the pivot matches as many parts as it has itself.
  const parts = left === '' ? 0 : left.split('/').length;
  return path.split('/').slice(parts).join('/');
}

const relative = (word: ByteText): ByteText => posix.normalize(`/${word}`).slice(1);

/** As the first engine told it: no path leaves the context, not even to come back. */
function refuseOutside(command: string, word: ByteText): void {
  if (posix.normalize(`./${word.replace(/^\/+/, '')}`).startsWith('..'))
    throw inContext(stepFailure.pathForbidden({ path: textOf(word) }), stepContext.copying({ command }));
}
