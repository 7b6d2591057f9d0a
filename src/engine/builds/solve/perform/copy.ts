/** COPY and ADD in BuildKit's manner: what is copied is told by contents, so that nothing else brings it anew. */
import { posix } from 'node:path';
import { codeOf } from '../../../../base/errors.ts';
import { textOf } from '../../../../formats/byte-text.ts';
import { hasWildcards, literalPattern } from '../../../../formats/path-match.ts';
import type { ByteText } from '../../../../formats/tar/entry.ts';
import { vertexFailure } from '../../../../model/failures/vertex.ts';
import type { Digest, CopyStep as StorageCopy } from '../../../../storage/index.ts';
import type { StepImage } from '../../../images/steps.ts';
import type { Say } from '../../output.ts';
import { copyOf, inlineItem, selectedItem, withoutPivot } from '../../perform/copy.ts';
import type { Item } from '../../perform/item.ts';
import { isRemote, remoteItem, wholeItem } from '../../perform/remote-item.ts';
import type { CopyNode, DirectoryNode, RootNode, StateNode } from '../plan/nodes.ts';
import { linkedOn } from './linked.ts';
import { missing } from './missing.ts';
import { beginning, once } from './once.ts';
import { type Owner, ownerIn } from './owner.ts';
import type { Made, Solving } from './solving.ts';

type Copying = Exclude<StateNode, { readonly is: 'image' | 'run' }>;

/** The image with the files in it. `begin`: it is known what is copied. */
export async function copyState(
  solving: Solving,
  node: CopyNode,
  say: Say,
  begin: () => void,
): Promise<Made> {
  const from = await beginning(solving, node);
  for (const each of node.inline) solving.touch(each);
  await using downloads = new AsyncDisposableStack();
  const items = await itemsOf(solving, node, downloads, say);
  begin();
  const { step } = node;
  const { destination, chown = '', mode, unpack, parents, exclude, command } = step;
  const parts = [
    ...['copy', command, destination, chown, mode ?? '', unpack ?? '', parents, exclude],
    items.map(({ hash, below, from: { is } }) => [hash, below, is]),
    items.map(nameOf),
  ];
  const onto = (below: StepImage): Promise<Made> =>
    layer(solving, node, below, parts, say, async () => {
      const keepsOwners = chown === '' && step.from !== undefined;
      const owner = keepsOwners ? undefined : await ownerIn(solving, chown, from);
      return items.map((item) => copyOf(item, step, owner, true));
    });
  // Names of users are the base's: then it counts.
  return step.link && /^[\d:]*$/.test(chown) ? await linkedOn(solving, node, from, onto) : await onto(from);
}

/** What a copy calls a file where its destination is a directory. */
const nameOf = ({ from }: Item): string =>
  'name' in from ? (from.name ?? '') : 'path' in from ? posix.basename(from.path) : '';

/** The image with the directory in it, made as far as it is not there. */
export async function directoryState(
  solving: Solving,
  node: DirectoryNode,
  say: Say,
  begin: () => void,
): Promise<Made> {
  const from = await beginning(solving, node);
  begin();
  const { path, user } = node.step;
  return await layer(solving, node, from, ['directory', path, user], say, async () => {
    const owner = await ownerIn(solving, user, from);
    return await directoryCopies(solving, from, Buffer.from(path).toString('latin1'), owner);
  });
}

async function directoryCopies(
  { deps, ending, scope }: Solving,
  from: StepImage,
  path: ByteText,
  owner: Owner,
): Promise<StorageCopy[]> {
  await using there = deps.storage.files.openLayers(from.chainId);
  const clean = posix.normalize(`/${path}`).replace(/^\/+|\/$/g, '');
  const parts = clean.split('/');
  const copies: StorageCopy[] = [];
  const nothing = scope.use(deps.storage.files.openLayers(undefined));
  for (const i of parts.keys()) {
    const at = parts.slice(0, i + 1).join('/');
    const [found = []] = await there.select({ sources: [literalPattern(at)] }, ending.signal);
    if (found[0]?.is === 'directory') continue;
    if (found[0]) throw vertexFailure.notADirectory({ path: textOf(`/${at}`) });
    copies.push({
      from: { is: 'selected', source: nothing, path: '' },
      destination: `/${at}/`,
      owner,
      mode: 0o755,
    });
  }
  return copies;
}

/** All of a source, as if it were an image. */
export async function rootState(solving: Solving, node: RootNode, say: Say): Promise<Made> {
  const from = await beginning(solving, node);
  const source = await solving.files(node.source);
  const [[file] = []] = await source.select({ sources: [''], owners: true }, solving.ending.signal);
  return await layer(solving, node, from, ['root', file?.digest ?? ''], say, async () => [
    { from: { is: 'selected', source, path: '' }, destination: '/', owner: undefined, likeCp: true },
  ]);
}

async function layer(
  solving: Solving,
  node: Copying,
  from: StepImage,
  parts: readonly unknown[],
  say: Say,
  copies: () => Promise<StorageCopy[]>,
): Promise<Made> {
  const wanted = { node, from, parts, description: node.name, say };
  return await once(solving, wanted, async (_tell, signal): Promise<Digest> => {
    const steps = await copies();
    const made = await solving.deps.storage.layers
      .addFiles({
        ...{ parent: from.chainId, steps, unsettled: true, evenIfEmpty: true, signal },
        lease: solving.lease,
      })
      .catch((error: unknown) => {
        if (codeOf(error) !== 'ENOTDIR') throw error;
        const path = textOf(steps[0]?.destination ?? '').replace(/(.)\/$/, '$1');
        throw vertexFailure.notIntoFile({ path }, { cause: error });
      });
    if (made === undefined) throw new Error('a layer that was asked for in any case is made');
    return made.diffId;
  });
}

async function itemsOf(
  solving: Solving,
  node: CopyNode,
  downloads: AsyncDisposableStack,
  say: Say,
): Promise<Item[]> {
  const { step, source } = node;
  const paths = step.sources.filter((word) => !isRemote(word, step.command));
  const files = paths.length === 0 ? undefined : await solving.files(source);
  const chosen = files === undefined ? [] : await chosenOf(solving, node, files, paths);
  const items: Item[] = [];
  const bringing = { deps: solving.deps, signal: solving.ending.signal };
  for (const word of step.sources) {
    const repository = node.repositories.get(word);
    if (repository) {
      const source = await solving.files(repository);
      items.push(await wholeItem(source, step.exclude, solving.ending.signal));
    } else if (isRemote(word, step.command))
      items.push(await remoteItem(bringing, step, word, downloads, say));
    else items.push(...(chosen[paths.indexOf(word)] ?? []));
  }
  return [...items, ...step.inline.map(inlineItem)];
}

/** What each word chose. A pattern may match nothing. */
async function chosenOf(
  { ending, vertexOf, use }: Solving,
  node: CopyNode,
  source: Awaited<ReturnType<Solving['files']>>,
  words: readonly ByteText[],
): Promise<Item[][]> {
  const { step } = node;
  const vertex = vertexOf(node).digest;
  const owners = step.from !== undefined && step.chown === undefined;
  const selected = await source.select(
    { sources: words.map(withoutPivot), exclude: step.exclude, owners },
    ending.signal,
  );
  return words.map((word, i) => {
    const found = selected[i] ?? [];
    if (found.length === 0 && !hasWildcards(word)) {
      use(node.from);
      throw missing(textOf(posix.normalize(`/${word}`)), vertex);
    }
    return found.map((file) => selectedItem(source, step, word, file));
  });
}
