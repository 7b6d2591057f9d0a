/** Documents of images: configuration, manifest, index, as OCI's image specification and Docker spell them. */
import { InvalidArgument, messageOf } from '../base/errors.ts';
import {
  anything,
  boolean,
  decodeBody,
  type Infer,
  integer,
  list,
  map,
  object,
  optional,
  type Schema,
  string,
} from '../base/schema.ts';
import { parseRfc3339 } from '../base/time.ts';
import { configMembers } from '../model/config.ts';
import { Platform } from '../model/descriptor.ts';
import { isDigest } from './digest.ts';

/** A document larger than this is not a manifest, index or configuration (the reference registry's limit). */
export const DOCUMENT_BYTES_MAX = 4 << 20;
/** Layers that one overlay mount can name by short names in one page of options, on every kernel. */
export const IMAGE_LAYERS_MAX = 250;

const RunConfig = object('Config', configMembers);

const History = object('History', {
  created: optional(string()),
  author: optional(string()),
  created_by: optional(string()),
  comment: optional(string()),
  empty_layer: optional(boolean()),
});
/** What made a layer, or changed the configuration without one. */
export type HistoryEntry = Infer<typeof History>;

const ImageDocument = object('Image', {
  created: optional(string()),
  author: optional(string()),
  architecture: optional(string()),
  variant: optional(string()),
  os: optional(string()),
  'os.version': optional(string()),
  'os.features': optional(list(string())),
  comment: optional(string()),
  docker_version: optional(string()),
  container: optional(string()),
  container_config: optional(RunConfig),
  config: optional(RunConfig),
  rootfs: optional(object('RootFS', { type: optional(string()), diff_ids: optional(list(string())) })),
  history: optional(list(History)),
});
/** An image's configuration. */
export type ImageDocument = Infer<typeof ImageDocument> & {
  readonly rootfs: { readonly type?: string; readonly diff_ids: readonly string[] };
};

const Descriptor = object('Descriptor', {
  mediaType: optional(string()),
  digest: optional(string()),
  size: optional(integer()),
  urls: optional(list(string())),
  annotations: optional(map(string())),
  platform: optional(Platform),
  data: optional(string()),
  artifactType: optional(string()),
});
/** What a document says of another: its kind, digest and size. */
export type Descriptor = Infer<typeof Descriptor>;

const Manifest = object('Manifest', {
  mediaType: optional(string()),
  config: optional(Descriptor),
  layers: optional(list(Descriptor)),
  manifests: optional(list(anything())),
});
/** One image of a registry: its configuration and layers. */
export type ImageManifest = { readonly config: Descriptor; readonly layers: readonly Descriptor[] };

const Index = object('Index', {
  mediaType: optional(string()),
  manifests: optional(list(Descriptor)),
  layers: optional(list(anything())),
  config: optional(anything()),
});
/** Several images under one name, by platform. */
export type ImageIndex = { readonly manifests: readonly Descriptor[] };

const DockerManifest = list(
  object('manifestItem', {
    Config: optional(string()),
    RepoTags: optional(list(string())),
    Layers: optional(list(string())),
    Parent: optional(string()),
  }),
);
/** One image of a docker archive's `manifest.json`. */
export type DockerManifestItem = Infer<typeof DockerManifest>[number];

/** A field of the wrong kind, text that is not JSON: all the archive's fault, said with the document's name. */
function read<T>(schema: Schema<T>, bytes: Buffer, what: string): T {
  if (bytes.length > DOCUMENT_BYTES_MAX)
    throw new InvalidArgument(`${what} is larger than ${DOCUMENT_BYTES_MAX} bytes`);
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (value === null) throw new InvalidArgument('it is null');
    return decodeBody(schema, value);
  } catch (error) {
    throw new InvalidArgument(`invalid ${what}: ${messageOf(error)}`);
  }
}

/** @throws InvalidArgument when it is no image configuration or contradicts itself */
export function readImageDocument(bytes: Buffer): ImageDocument {
  const document = read(ImageDocument, bytes, 'image configuration');
  if (!document.rootfs) throw new InvalidArgument('invalid image JSON, no RootFS key');
  const diffIds = document.rootfs.diff_ids ?? [];
  if (diffIds.length > IMAGE_LAYERS_MAX)
    throw new InvalidArgument(
      `image with ${diffIds.length} layers: ${IMAGE_LAYERS_MAX} at most can be mounted`,
    );
  const wrong = diffIds.find((id) => !isDigest(id));
  if (wrong !== undefined)
    throw new InvalidArgument(`invalid image configuration: diff id ${JSON.stringify(wrong.slice(0, 100))}`);
  checkTime(document.created);
  for (const entry of document.history ?? []) checkTime(entry.created);
  const filled = (document.history ?? []).filter((entry) => !entry.empty_layer).length;
  if (filled > diffIds.length) throw new InvalidArgument('too many non-empty layers in History section');
  return { ...document, rootfs: { ...document.rootfs, diff_ids: diffIds } };
}

/** A time that Go could not read makes the first engine refuse the whole document. */
function checkTime(text: string | undefined): void {
  if (text !== undefined && parseRfc3339(text) === undefined)
    throw new InvalidArgument(`invalid image configuration: time ${JSON.stringify(text.slice(0, 100))}`);
}

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST_TYPES: readonly (string | undefined)[] = [
  undefined,
  '',
  OCI_MANIFEST,
  'application/vnd.docker.distribution.manifest.v2+json',
];
const INDEX_TYPES: readonly (string | undefined)[] = [
  undefined,
  '',
  OCI_INDEX,
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

/** What a descriptor's media type says it points to; undefined: something that is no image (an attestation, a signature). */
export function documentKind(mediaType: string | undefined): 'manifest' | 'index' | undefined {
  if (mediaType === undefined || mediaType === '') return undefined;
  if (MANIFEST_TYPES.includes(mediaType)) return 'manifest';
  return INDEX_TYPES.includes(mediaType) ? 'index' : undefined;
}

/** @throws InvalidArgument also when it could be read as an index as well (CVE-2021-41190) */
export function readManifest(bytes: Buffer): ImageManifest {
  const { mediaType, config, layers, manifests } = read(Manifest, bytes, 'image manifest');
  if (!MANIFEST_TYPES.includes(mediaType) || manifests !== undefined || !config || !layers)
    throw new InvalidArgument('invalid image manifest: it is ambiguous or says it is something else');
  return { config, layers };
}

/** @throws InvalidArgument also when it could be read as a manifest as well */
export function readIndex(bytes: Buffer): ImageIndex {
  const { mediaType, manifests, layers, config } = read(Index, bytes, 'image index');
  if (!INDEX_TYPES.includes(mediaType) || layers !== undefined || config !== undefined || !manifests)
    throw new InvalidArgument('invalid image index: it is ambiguous or says it is something else');
  return { manifests };
}

/** What a document says it is; undefined when it says nothing. @throws InvalidArgument when it is no document */
export const readMediaType = (bytes: Buffer): string | undefined =>
  read(object('Document', { mediaType: optional(string()) }), bytes, 'document').mediaType;

/** The type that a manifest or index has by what it says, or else by what is in it. @throws InvalidArgument when it is no document */
export function typeInside(bytes: Buffer): string {
  const { mediaType, manifests } = read(Inside, bytes, 'document');
  return mediaType || (manifests === undefined ? OCI_MANIFEST : OCI_INDEX);
}
const Inside = object('Document', { mediaType: optional(string()), manifests: optional(list(anything())) });

const About = object('Document', { annotations: optional(map(string())), artifactType: optional(string()) });
/** What a manifest or an index says of itself. @throws InvalidArgument when it is no document */
export const readAbout = (bytes: Buffer): Infer<typeof About> => read(About, bytes, 'document');

/** `manifest.json` of `docker save`. @throws InvalidArgument */
export const readDockerManifest = (bytes: Buffer): readonly DockerManifestItem[] =>
  read(DockerManifest, bytes, 'manifest.json');

const Repositories = map(map(string()));
/** `repositories` of old `docker save`: repository → tag → id of a directory. @throws InvalidArgument */
export const readRepositories = (bytes: Buffer): Readonly<Record<string, Readonly<Record<string, string>>>> =>
  read(Repositories, bytes, 'repositories');

/** Go's name of this machine's architecture. */
export const hostArchitecture = (): string =>
  ({ x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: '386', ppc64: 'ppc64le' })[process.arch as string] ??
  process.arch;
