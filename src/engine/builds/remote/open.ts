/** Opens a build context that lies elsewhere, as the archive that a client would have sent. */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Proxies } from '../../../registry/index.ts';
import type { Storage } from '../../../storage/index.ts';
import { told } from '../../images/downloading.ts';
import type { Say } from '../../images/progress.ts';
import type { GitAccess } from './access.ts';
import { type ContextAddress, readAddress } from './address.ts';
import type { NamedCommit } from './commit.ts';
import type { Downloading } from './download.ts';
import { checkOut } from './git.ts';
import type { Repository } from './git-program.ts';
import { directoryIn, directoryWithoutLinks } from './subdirectory.ts';
import { webContext } from './web-context.ts';

/** What opening needs of other rooms. */
export interface RemoteDeps {
  readonly storage: Pick<Storage, 'scratch' | 'files'>;
  readonly download: Downloading;
  /** What git reaches the web by; undefined: nothing between. */
  readonly proxies: Proxies | undefined;
}

/** A context that was opened. Dispose of it when `bytes` have been read. */
export interface RemoteContext extends AsyncDisposable {
  /** A tar archive, plain or compressed; nothing at all beside a Dockerfile that is all there is. */
  readonly bytes: Readable;
  /** What takes the place of the archive's own Dockerfile. */
  readonly dockerfile?: () => Buffer | undefined;
}

/** How a context is opened. */
export interface RemoteOptions {
  readonly say: Say;
  readonly signal: AbortSignal;
  /** Of a repository its own directory stays. */
  readonly keepGitDir?: boolean;
  /** What is checked out, whatever the address's name means by now. */
  readonly at?: NamedCommit;
  /** A directory of it that is a link, or lies behind one, is none: as BuildKit has it. */
  readonly withoutLinks?: boolean;
  /** What the client lends for it. */
  readonly access?: GitAccess | undefined;
}

/** @throws InvalidArgument for an address that is none, or leads to no context; the kind that belongs to a server's answer */
export async function openRemote(
  text: string,
  deps: RemoteDeps,
  { say, ...options }: RemoteOptions,
): Promise<RemoteContext> {
  const address = readAddress(text);
  return address.is === 'repository'
    ? openRepository(address, deps, options)
    : openFile(address, deps, say, options.signal);
}

async function openRepository(
  repository: Repository,
  { storage, proxies }: RemoteDeps,
  { keepGitDir = false, at, withoutLinks = false, access, signal }: Omit<RemoteOptions, 'say'>,
): Promise<RemoteContext> {
  await using undo = new AsyncDisposableStack();
  const scratch = undo.use(await storage.scratch());
  const wanted = at === undefined ? repository : { ...repository, ref: at.commit };
  const keptName = keepGitDir ? at?.name : undefined;
  const tree = await checkOut(wanted, scratch.path, { proxies, access, signal, keptName });
  const find = withoutLinks ? directoryWithoutLinks : directoryIn;
  const root = find(tree, repository.directory);
  return held(
    storage.files.packDirectory(root, { without: keepGitDir ? [] : ['.git'], signal }),
    undo.move(),
  );
}

async function openFile(
  { url }: Extract<ContextAddress, { is: 'file' }>,
  { download }: RemoteDeps,
  say: Say,
  signal: AbortSignal,
): Promise<RemoteContext> {
  await using undo = new AsyncDisposableStack();
  const source = undo.use(await download(url, signal));
  const found = await webContext(source, told(source, 'Downloading context', say));
  if (found.is === 'archive') return held(found.bytes, undo.move());
  return { ...held(Readable.from([]), undo.move()), dockerfile: () => found.bytes };
}

const held = (bytes: Readable, rest: AsyncDisposableStack): RemoteContext => ({
  bytes,
  async [Symbol.asyncDispose]() {
    bytes.destroy();
    await finished(bytes).catch(() => undefined);
    await rest.disposeAsync();
  },
});
