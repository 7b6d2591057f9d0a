/** What the image verbs work with. Built once by {@link createImages}. */
import type { Log } from '../../base/log.ts';
import type { Nanos } from '../../base/time.ts';
import { familiarName, familiarString, type ImageReference } from '../../formats/reference.ts';
import type { Registries } from '../../registry/index.ts';
import type { Storage } from '../../storage/index.ts';
import type { BlobSources } from './blob-sources.ts';
import type { Downloads } from './downloads.ts';
import type { ImageStore } from './store.ts';

/** A container that was made from an image. */
export interface ImageUser {
  readonly containerId: string;
  readonly running: boolean;
  /** What its client called the image; undefined where nobody knows. */
  readonly name?: string;
}

/** An event about an image, as the verbs emit it. */
export interface ImageEvent {
  readonly Type: 'image';
  readonly Action: 'import' | 'load' | 'tag' | 'untag' | 'delete' | 'pull' | 'push' | 'prune' | 'save';
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What the images room is built from. */
export interface ImagesDeps {
  readonly storage: Storage;
  readonly events: { emit(event: ImageEvent): void };
  readonly now: () => Nanos;
  /** Containers, running or not, that were made from the image with this id. */
  readonly usedBy: (imageId: string) => readonly ImageUser[];
  readonly log: Log;
  readonly registries: Registries;
  /** How many blobs one pull fetches, or one push sends, at a time. */
  readonly transfers: { readonly down: number; readonly up: number };
}

/** What a verb on images can use. */
export interface ImageVerbs extends ImagesDeps {
  readonly store: ImageStore;
  readonly downloads: Downloads;
  readonly sources: BlobSources;
}

/** Tells that an image travelled under a name: of such events the name itself is the id, as Docker has it. */
export function emitTransferEvent(
  { events, store }: ImageVerbs,
  action: 'pull' | 'push',
  reference: ImageReference,
): void {
  const named = reference.digest === undefined ? { ...reference, tag: reference.tag ?? 'latest' } : reference;
  const labels = store.get(store.named(named) ?? '')?.document.config?.Labels;
  events.emit({
    Type: 'image',
    Action: action,
    id: familiarString(reference),
    attributes: { ...labels, name: familiarName(reference) },
  });
}

/** Tells what happened to an image, with its labels while it is there. `name`: a reference, or the id. */
export function emitImageEvent(
  { events, store }: ImageVerbs,
  action: ImageEvent['Action'],
  id: string,
  name: string,
): void {
  events.emit({
    Type: 'image',
    Action: action,
    id,
    attributes: { ...store.get(id)?.document.config?.Labels, name },
  });
}
