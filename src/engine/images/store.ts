/** Which images there are and what they are called. In memory for reading; every change is on the disk before it is seen. */
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { Mailbox } from '../../base/mailbox.ts';
import { boolean, integer, object, optional, type Schema, string } from '../../base/schema.ts';
import { type RecordKind, textThat } from '../../base/stored.ts';
import { type Nanos, parseRfc3339 } from '../../base/time.ts';
import { isDigest, parseDigest } from '../../formats/digest.ts';
import { digestOf } from '../../formats/digest-of.ts';
import { type ImageDocument, readImageDocument } from '../../formats/oci.ts';
import {
  familiarName,
  familiarString,
  type ImageReference,
  parseAnyReference,
  parseReference,
  storedForm,
  withDefaultTag,
} from '../../formats/reference.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { referenceFailure } from '../../model/failures/reference.ts';
import {
  type ChainId,
  type Change,
  chainIdOf,
  type Digest,
  rowGone,
  rowPut,
  type Storage,
} from '../../storage/index.ts';

/** What is recorded of an image besides its configuration, which is the blob that its id names. */
export interface ImageRow {
  readonly parent?: string;
  readonly lastTagged?: string;
  readonly manifest?: ManifestOrigin;
  /** See {@link Image.isStep}. */
  readonly isStep?: boolean;
}

const origin = {
  digest: textThat<Digest>(isDigest, 'a digest'),
  mediaType: string(),
  size: optional(integer()),
};
const rowSchema: Schema<ImageRow> = object('image', {
  parent: optional(string()),
  lastTagged: optional(string()),
  isStep: optional(boolean()),
  manifest: optional(
    object('manifest', {
      ...origin,
      index: optional(object('index', origin)),
    }),
  ),
});
/** Images, by id. */
export const IMAGES: RecordKind<ImageRow> = { table: 'image', schema: rowSchema, migrations: [] };
/** Ids of images, by the familiar form of each name. */
export const REFERENCES: RecordKind<string> = { table: 'reference', schema: string(), migrations: [] };

/** A document that an image came with: a blob of ours. */
export interface Origin {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes; undefined: recorded by a release that did not keep it. */
  readonly size?: number;
}

/** The manifest that an image came with, so that it can leave as it came; and the index that led to it, if one did. */
export interface ManifestOrigin extends Origin {
  readonly index?: Origin;
}

/** What says which documents an image has. */
interface Documented {
  /** Digest of its configuration. */
  readonly id: Digest;
  readonly manifest?: ManifestOrigin | undefined;
}

/** Blobs that an image needs beside its layers. */
export const documentsOf = ({ id, manifest }: Documented): Digest[] => [
  id,
  ...(manifest ? [manifest.digest] : []),
  ...(manifest?.index ? [manifest.index.digest] : []),
];

/** One image. */
export interface Image {
  /** Digest of the configuration's bytes. */
  readonly id: Digest;
  readonly document: ImageDocument;
  /** Bottom first, one a layer. */
  readonly chain: readonly ChainId[];
  readonly createdNanos: Nanos | undefined;
  readonly parent: string | undefined;
  /** RFC 3339; undefined: never. */
  readonly lastTagged: string | undefined;
  /** Undefined: it was built, imported or loaded here. */
  readonly manifest: ManifestOrigin | undefined;
  /** Layers that the build cache keeps, and no image: nobody lists it, finds it or removes it but the cache. */
  readonly isStep: boolean;
}

/** Chain ids of an image's layers, bottom first. */
export function chainOf(document: ImageDocument): ChainId[] {
  const chain: ChainId[] = [];
  for (const diffId of document.rootfs.diff_ids) chain.push(chainIdOf(chain.at(-1), diffId as Digest));
  return chain;
}

/** What an operation changes, all of it or nothing. */
export interface ImageChange {
  /** Added, or given a parent. */
  readonly images?: readonly {
    readonly id: Digest;
    readonly document: ImageDocument;
    readonly parent?: string | undefined;
    readonly manifest?: ManifestOrigin | undefined;
    readonly isStep?: boolean | undefined;
  }[];
  readonly tags?: readonly { readonly reference: ImageReference; readonly id: string }[];
  readonly untag?: readonly string[];
  readonly remove?: readonly string[];
  /** Stamps images of `tags` as tagged now (`docker tag`, not load). */
  readonly taggedAt?: string;
  /** Others' rows, in the same transaction. */
  readonly more?: readonly Change[];
}

/** All images, by id and by name. */
export class ImageStore {
  readonly #storage: Storage;
  readonly #log: Log;
  readonly #images = new Map<string, Image>();
  /** Familiar form → image id. */
  readonly #references = new Map<string, string>();
  readonly #turn = new Mailbox();
  /** Rows of names that cannot be read. */
  #unreadableNames: readonly string[] = [];
  /** Some image or layer on record could not be read: what it holds is unknown, so nothing may be collected. */
  incomplete = false;

  constructor(storage: Storage, log: Log) {
    this.#storage = storage;
    this.#log = log;
  }

  /** Reads what is recorded. An image that cannot be read is left alone and logged; the others are served. */
  async open(): Promise<void> {
    const { records, layers } = this.#storage;
    const recorded = await records.read(IMAGES);
    const names = await records.read(REFERENCES);
    this.incomplete = layers.incomplete || recorded.rowsWereLost || recorded.setAside.size > 0;
    this.#unreadableNames = [...names.setAside.values()].map(({ text }) => text);
    for (const [key, row] of recorded.rows)
      try {
        const id = parseDigest(key);
        const document = readImageDocument(await this.#storage.content.read(id));
        const top = chainOf(document).at(-1);
        if (top !== undefined) this.#storage.layers.chain(top);
        this.#put(id, document, row);
      } catch (error) {
        this.incomplete = true;
        this.#log.error('image.unreadable', { id: key, error: messageOf(error) });
      }
    for (const [name, id] of names.rows)
      if (this.#images.has(id)) this.#references.set(name, id);
      else this.#log.error('image.reference-to-nothing', { name, id });
  }

  get(id: string): Image | undefined {
    return this.#images.get(id);
  }
  all(): Image[] {
    return this.withSteps().filter(({ isStep }) => !isStep);
  }
  /** All that hold layers. */
  withSteps(): Image[] {
    return [...this.#images.values()];
  }
  children(id: string): Image[] {
    return this.all().filter(({ parent }) => parent === id);
  }
  /** Familiar forms of all that names an image, in the order of their full forms. */
  references(id: string): string[] {
    const mine = [...this.#references].filter(([, of]) => of === id).map(([name]) => parseReference(name));
    const full = (reference: ImageReference) => `${reference.domain}/${reference.path}${suffix(reference)}`;
    return mine.sort((a, b) => (full(a) < full(b) ? -1 : 1)).map(familiarString);
  }
  /** Ids of all images that have a name. */
  idsWithName(): ReadonlySet<string> {
    return new Set(this.#references.values());
  }
  /** A name that cannot be read seems to be this image's: it does not go for having none. */
  mayHaveName(id: string): boolean {
    return this.#unreadableNames.some((text) => text.includes(id));
  }
  tags(id: string): string[] {
    return this.references(id).filter((name) => !name.includes('@'));
  }
  digests(id: string): string[] {
    return this.references(id).filter((name) => name.includes('@'));
  }
  /** References of one repository that have a tag. */
  tagsOf(repository: ImageReference): ImageReference[] {
    return this.referencesOf(repository).filter(({ digest }) => digest === undefined);
  }
  /** References of one repository, by tag and by digest, in the order of their texts. */
  referencesOf({ domain, path }: ImageReference): ImageReference[] {
    return [...this.#references.keys()]
      .sort()
      .map(parseReference)
      .filter((each) => each.domain === domain && each.path === path);
  }
  /** The image that a reference names now. */
  named(reference: ImageReference): string | undefined {
    return this.#references.get(familiarString(storedForm(reference)));
  }

  /**
   * Finds by name, then by id: whole, or a prefix that fits one image alone.
   * @throws NotFound with Docker's words, InvalidArgument for what cannot be a name
   */
  find(name: string): Image {
    const asked = parseAnyReference(name);
    if (asked.is === 'id') return this.#visible(asked.id) ?? missing(asked.id);
    const id = this.named(asked.reference) ?? this.#byPrefix(name);
    return (
      (id === undefined ? undefined : this.#visible(id)) ??
      missing(familiarString(withDefaultTag(asked.reference)))
    );
  }

  /** One at a time: `plan` looks at what is there and says what to change; the change is recorded, then seen. */
  change<T>(
    plan: () => { change: ImageChange; result: T } | Promise<{ change: ImageChange; result: T }>,
  ): Promise<T> {
    return this.#turn.run(async () => {
      const { change, result } = await plan();
      await this.#storage.records.write(this.#rows(change));
      this.#apply(change);
      return result;
    });
  }

  #visible(id: string): Image | undefined {
    const image = this.#images.get(id);
    return image?.isStep ? undefined : image;
  }

  #rows({ images = [], tags = [], untag = [], remove = [], taggedAt, more = [] }: ImageChange): Change[] {
    const stamped =
      taggedAt === undefined
        ? []
        : tags.map(({ id }) => this.#images.get(id)).filter((image) => image !== undefined);
    return [
      ...images.map((image) => rowPut(IMAGES, image.id, this.#updated(image))),
      ...stamped.map((image) => rowPut(IMAGES, image.id, rowOf({ ...image, lastTagged: taggedAt }))),
      ...this.#orphaned(remove).map((image) =>
        rowPut(IMAGES, image.id, rowOf({ ...image, parent: undefined })),
      ),
      ...tags.map(({ reference, id }) => rowPut(REFERENCES, familiarString(storedForm(reference)), id)),
      ...untag.map((name) => rowGone(REFERENCES, name)),
      ...remove.map((id) => rowGone(IMAGES, id)),
      ...more,
    ];
  }

  #apply({ images = [], tags = [], untag = [], remove = [], taggedAt }: ImageChange): void {
    for (const image of images) this.#put(image.id, image.document, this.#updated(image));
    for (const { reference, id } of tags) {
      this.#references.set(familiarString(storedForm(reference)), id);
      const image = this.#images.get(id);
      if (image && taggedAt !== undefined) this.#images.set(id, { ...image, lastTagged: taggedAt });
    }
    for (const name of untag) this.#references.delete(name);
    for (const image of this.#orphaned(remove)) this.#images.set(image.id, { ...image, parent: undefined });
    for (const id of remove) this.#images.delete(id);
  }

  /** What is recorded of an image from now on: what is not said stays. */
  #updated({ id, parent, manifest, isStep }: NonNullable<ImageChange['images']>[number]): ImageRow {
    return rowOf({
      ...this.#images.get(id),
      ...(parent ? { parent } : {}),
      ...(manifest ? { manifest } : {}),
      ...(isStep === undefined ? {} : { isStep }),
    });
  }

  /** Images that lose their parent. */
  #orphaned(removed: readonly string[]): Image[] {
    return this.all().filter(
      ({ id, parent }) => parent !== undefined && removed.includes(parent) && !removed.includes(id),
    );
  }

  #put(id: Digest, document: ImageDocument, row: ImageRow): void {
    const createdNanos = document.created === undefined ? undefined : parseRfc3339(document.created);
    const { parent, lastTagged, manifest, isStep = false } = row;
    const chain = chainOf(document);
    this.#images.set(id, { id, document, chain, createdNanos, parent, lastTagged, manifest, isStep });
  }

  #byPrefix(text: string): string | undefined {
    const [algorithm, rest] = text.includes(':') ? text.split(':', 2) : ['sha256', text];
    if (algorithm !== 'sha256' || !/^[0-9a-f]{1,64}$/.test(rest ?? '')) return undefined;
    const found = this.all().filter(({ id }) => id.startsWith(`sha256:${rest}`));
    return found.length === 1 ? found[0]?.id : undefined;
  }
}

const rowOf = ({
  parent,
  lastTagged,
  manifest,
  isStep,
}: Partial<Pick<Image, 'parent' | 'lastTagged' | 'manifest' | 'isStep'>>): ImageRow => ({
  ...(parent ? { parent } : {}),
  ...(lastTagged ? { lastTagged } : {}),
  ...(manifest ? { manifest } : {}),
  ...(isStep ? { isStep } : {}),
});

const suffix = ({ tag, digest }: ImageReference): string =>
  digest === undefined ? `:${tag}` : `${tag === undefined ? '' : `:${tag}`}@${digest}`;

function missing(name: string): never {
  throw imageFailure.notFound({ name });
}

/** Names that would be read as an id are never given. @throws InvalidArgument */
export function refuseReserved(reference: ImageReference): ImageReference {
  const name = familiarName(reference);
  if (name === 'sha256') throw imageFailure.tagAmbiguous();
  if (/^[0-9a-f]{64}$/.test(name)) throw referenceFailure.nameIsId({ name });
  return reference;
}

/** The bytes of a configuration and the id they make. */
export function identify(bytes: Buffer): { id: Digest; document: ImageDocument } {
  return { id: digestOf(bytes), document: readImageDocument(bytes) };
}
