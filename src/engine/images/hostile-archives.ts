/** For tests: archives made to deceive (the cases IMG and LOAD), by what they try. Each must be refused. */
import { gzipSync } from 'node:zlib';
import { configOf, directory, dockerArchive, file, hardLink, link, sha, tarOf } from './test-host.ts';

/** `outside`: a directory of the host that has {@link outsideFiles}. */
type Row = readonly [name: string, make: (outside: string) => Buffer];

export const secret = 'CANARY-8c1f';
export const layer = tarOf(file('a', 'good'));
const config = configOf([layer]);
const manifest = (more: Record<string, unknown> = {}) =>
  file(
    'manifest.json',
    JSON.stringify([{ Config: 'c.json', RepoTags: ['evil:t'], Layers: ['l/layer.tar'], ...more }]),
  );

/** Files of the host, beside a directory `d`, that an archive could point to: valid ones, so that following would succeed. */
export const outsideFiles = (): Readonly<Record<string, Buffer>> => ({
  'layer.tar': tarOf(file('leak', secret)),
  'cfg.json': configOf([tarOf(file('leak', secret))]),
  'manifest.json': Buffer.from(
    JSON.stringify([{ Config: 'cfg.json', RepoTags: ['evil:t'], Layers: ['layer.tar'] }]),
  ),
  'index.json': Buffer.from(JSON.stringify({ manifests: [pointTo(ociManifest, MANIFEST, named)] })),
  repositories: Buffer.from(JSON.stringify({ evil: { t: legacyIds[0] } })),
  blob: layer,
});

const up = '../'.repeat(14);
/** A name that leads out of the archive to that path. */
export const climb = (path: string) => up + path.slice(1);

/** Documents that name files outside. */
export const pathArchives: readonly Row[] = [
  [
    'a layer named by a climbing path',
    (out) => tarOf(file('c.json', config), manifest({ Layers: [climb(`${out}/layer.tar`)] })),
  ],
  [
    'a layer named by an absolute path',
    (out) => tarOf(file('c.json', config), manifest({ Layers: [`${out}/layer.tar`] })),
  ],
  [
    'a layer named with a NUL',
    () => tarOf(file('c.json', config), file('l/layer.tar', layer), manifest({ Layers: ['l/layer.tar\0'] })),
  ],
  [
    'a configuration named by a climbing path',
    (out) => tarOf(file('l/layer.tar', layer), manifest({ Config: climb(`${out}/cfg.json`) })),
  ],
];

/** Members that are links out, or round. */
export const linkArchives: readonly Row[] = [
  [
    'a layer that is a link out',
    (out) => tarOf(file('c.json', config), link('l/layer.tar', `${out}/layer.tar`), manifest()),
  ],
  [
    'a layer that is a climbing link',
    (out) => tarOf(file('c.json', config), link('l/layer.tar', climb(`${out}/layer.tar`)), manifest()),
  ],
  [
    'a layer in a directory that is a link out',
    (out) => tarOf(file('c.json', config), link('l', out), manifest()),
  ],
  [
    'a layer that is a hard link out',
    (out) => tarOf(file('c.json', config), hardLink('l/layer.tar', `${out}/layer.tar`), manifest()),
  ],
  [
    'a configuration that is a link out',
    (out) => tarOf(link('c.json', `${out}/cfg.json`), file('l/layer.tar', layer), manifest()),
  ],
  ['a manifest that is a link out', (out) => tarOf(link('manifest.json', `${out}/manifest.json`))],
  [
    'an index that is a link out',
    (out) =>
      tarOf(
        link('index.json', `${out}/index.json`),
        ...[ociManifest, ociConfig, ociLayer].map(({ digest, bytes }) => file(blobPath(digest), bytes)),
      ),
  ],
  [
    'a blob that is a link out',
    (out) =>
      tarOf(
        file('index.json', JSON.stringify({ manifests: [pointTo(ociManifest, MANIFEST, named)] })),
        ...[ociManifest, ociConfig].map(({ digest, bytes }) => file(blobPath(digest), bytes)),
        link(blobPath(ociLayer.digest), `${out}/blob`),
      ),
  ],
  [
    'old names that are a link out',
    (out) =>
      tarOf(
        file(`${legacyIds[0]}/json`, '{}'),
        file(`${legacyIds[0]}/layer.tar`, layer),
        link('repositories', `${out}/repositories`),
      ),
  ],
  ['links that go round', () => tarOf(link('c.json', 'd.json'), link('d.json', 'c.json'), manifest())],
];

/** Layers and configurations that do not belong together. */
export const mismatchedArchives: readonly Row[] = [
  [
    'layer bytes that are not the declared ones',
    () => dockerArchive([tarOf(file('a', 'evil'))], { tags: ['evil:t'], config }),
  ],
  [
    'more declared layers than delivered',
    () => dockerArchive([layer], { tags: ['evil:t'], config: configOf([layer, layer]) }),
  ],
  ['fewer declared layers than delivered', () => dockerArchive([layer, layer], { tags: ['evil:t'], config })],
  [
    'a diff id of another algorithm',
    () =>
      dockerArchive([layer], {
        config: configOf([layer], { rootfs: { type: 'layers', diff_ids: [`md5:${'0'.repeat(32)}`] } }),
      }),
  ],
  [
    'more history than layers',
    () => dockerArchive([layer], { config: configOf([layer], { history: [{}, {}, {}] }) }),
  ],
];

/** Everything else that is not what an archive of images is. */
export const brokenArchives: readonly Row[] = [
  [
    'a member whose name climbs',
    () => tarOf(file(`${up}tmp/x`), file('c.json', config), file('l/layer.tar', layer), manifest()),
  ],
  [
    'a device as a member',
    () =>
      tarOf({ path: 'l/layer.tar', type: 'char', major: 1, minor: 5 }, file('c.json', config), manifest()),
  ],
  ['no rootfs', () => dockerArchive([layer], { config: configOf([layer], { rootfs: null }) })],
  [
    'a number where a text belongs',
    () => dockerArchive([layer], { config: configOf([layer], { author: 7 }) }),
  ],
  [
    'a creation time that is none',
    () => dockerArchive([layer], { config: configOf([layer], { created: 'yesterday' }) }),
  ],
  [
    'an image for another system',
    () => dockerArchive([layer], { config: configOf([layer], { os: 'windows' }) }),
  ],
  [
    'five hundred layers',
    () => dockerArchive([], { config: configOf(Array.from({ length: 500 }, () => layer)) }),
  ],
  [
    'a configuration of 5 MiB',
    () => dockerArchive([layer], { config: Buffer.concat([config, Buffer.alloc(5 << 20, 0x20)]) }),
  ],
  ['a manifest that is null', () => tarOf(file('manifest.json', 'null'))],
  ['a manifest that is not JSON', () => tarOf(file('manifest.json', '{'))],
  ['no manifest at all', () => tarOf(file('hello', 'world'))],
  ['nothing but zeros, compressed', () => gzipSync(Buffer.alloc(64 << 20), { level: 9 })],
  ['gzip inside of gzip', () => gzipSync(gzipSync(Buffer.alloc(1 << 20)))],
  ['a broken compression', () => Buffer.concat([gzipSync(tarOf(file('a'))).subarray(0, 40)])],
  [
    'a layer that is cut off',
    () => {
      const cut = tarOf(file('a', 'x'.repeat(5000))).subarray(0, 2000);
      return dockerArchive([cut], { config: configOf([cut]) });
    },
  ],
  [
    'a layer that climbs',
    () => {
      const bad = tarOf(file(`${up}tmp/gantry-pwn`));
      return dockerArchive([layer, bad], { config: configOf([layer, bad]) });
    },
  ],
];

/** Names that no archive may give an image. */
export const wrongNames = [
  'a'.repeat(64),
  `${'a'.repeat(64)}:latest`,
  'sha256:abc',
  'UPPER:t',
  '../../x:t',
  `x@sha256:${'a'.repeat(64)}`,
  'x\n:t',
  ':t',
  '',
  `${'a'.repeat(300)}:t`,
  '<none>:<none>',
  'scratch:latest',
  'notag',
];

export const legacyIds = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [string, string, string];
/** The form of Docker before 1.10: by id what its `json` says. */
export const legacyArchive = (images: Record<string, unknown>, repositories: unknown = {}) =>
  tarOf(
    ...Object.entries(images).flatMap(([id, json]) => [
      directory(id),
      file(`${id}/json`, JSON.stringify(json)),
      file(`${id}/layer.tar`, tarOf(file(`f${id.slice(0, 2)}`))),
    ]),
    file('repositories', JSON.stringify(repositories)),
  );

/** Old archives with ids for paths, and parents that make no chain. */
export const legacyArchives: readonly Row[] = [
  ['ids that are paths', () => legacyArchive({ '..x': {} })],
  ['ids of 63 digits', () => legacyArchive({ ['a'.repeat(63)]: {} })],
  ['ids in upper case', () => legacyArchive({ ['A'.repeat(64)]: {} })],
  [
    'parents that go round',
    () =>
      legacyArchive({ [legacyIds[0]]: { parent: legacyIds[1] }, [legacyIds[1]]: { parent: legacyIds[0] } }),
  ],
  ['an image that is its own parent', () => legacyArchive({ [legacyIds[0]]: { parent: legacyIds[0] } })],
  ['a parent that is missing', () => legacyArchive({ [legacyIds[0]]: { parent: legacyIds[2] } })],
  ['a name for a path', () => legacyArchive({ [legacyIds[0]]: {} }, { evil: { t: `${up}tmp` } })],
];

// ---- OCI layouts

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly bytes: Buffer;
}
/** A blob of these bytes, or of this value as JSON. */
export const blob = (value: unknown): Blob => {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  return { digest: `sha256:${sha(bytes)}`, size: bytes.length, bytes };
};
/** A descriptor of that blob. */
export const pointTo = ({ digest, size }: Blob, mediaType: string, more: object = {}) => ({
  mediaType,
  digest,
  size,
  ...more,
});
export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
export const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const blobPath = (digest: string): string => `blobs/sha256/${digest.slice(7)}`;
/** An archive in the form of an OCI layout. */
export const layout = (index: unknown, ...blobs: Blob[]) =>
  tarOf(
    file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    file('index.json', JSON.stringify(index)),
    ...blobs.map(({ digest, bytes }) => file(blobPath(digest), bytes)),
  );
export const ociConfig = blob(config);
const ociLayer = blob(layer);
export const ociGzip = blob(gzipSync(layer));
export const ociBody = {
  schemaVersion: 2,
  mediaType: MANIFEST,
  config: pointTo(ociConfig, CONFIG),
  layers: [pointTo(ociLayer, LAYER)],
};
const ociManifest = blob(ociBody);
export const named = { annotations: { 'io.containerd.image.name': 'docker.io/library/evil:t' } };
export const architecture =
  ({ x64: 'amd64', arm64: 'arm64' } as Record<string, string>)[process.arch] ?? process.arch;

const nested = (depth: number): Blob[] => {
  const blobs = [ociManifest];
  for (let i = 0; i < depth; i++)
    blobs.push(
      blob({
        schemaVersion: 2,
        mediaType: INDEX,
        manifests: [pointTo(blobs.at(-1)!, i === 0 ? MANIFEST : INDEX)],
      }),
    );
  return blobs;
};
/** Layouts whose parts contradict each other. */
export const layouts: readonly Row[] = [
  [
    'a blob of other content',
    () =>
      layout(
        { manifests: [pointTo(ociManifest, MANIFEST, named)] },
        ociManifest,
        { ...ociConfig, bytes: blob({}).bytes },
        ociLayer,
      ),
  ],
  [
    'a wrong size',
    () =>
      layout(
        { manifests: [{ ...pointTo(ociManifest, MANIFEST, named), size: 1 }] },
        ociManifest,
        ociConfig,
        ociLayer,
      ),
  ],
  [
    'a document of another media type',
    () => layout({ manifests: [pointTo(ociManifest, INDEX, named)] }, ociManifest, ociConfig, ociLayer),
  ],
  [
    'a document that is both manifest and index',
    () => {
      const both = blob({ ...ociBody, mediaType: undefined, manifests: [pointTo(ociManifest, MANIFEST)] });
      return layout({ manifests: [pointTo(both, MANIFEST, named)] }, both, ociManifest, ociConfig, ociLayer);
    },
  ],
  [
    'indexes nested a hundred deep',
    () => {
      const blobs = nested(100);
      return layout({ manifests: [pointTo(blobs.at(-1)!, INDEX, named)] }, ...blobs, ociConfig, ociLayer);
    },
  ],
  [
    'data that differ from the blob',
    () =>
      layout(
        { manifests: [pointTo(ociManifest, MANIFEST, { ...named, data: 'e30=' })] },
        ociManifest,
        ociConfig,
        ociLayer,
      ),
  ],
  [
    'a missing blob',
    () => layout({ manifests: [pointTo(ociManifest, MANIFEST, named)] }, ociManifest, ociConfig),
  ],
  [
    'a digest that is a path',
    () =>
      layout(
        { manifests: [{ ...pointTo(ociManifest, MANIFEST, named), digest: 'sha256:../../x' }] },
        ociManifest,
      ),
  ],
  [
    'a layer of an unknown kind',
    () => {
      const odd = blob({ ...ociBody, layers: [pointTo(ociLayer, 'application/x-sh')] });
      return layout({ manifests: [pointTo(odd, MANIFEST, named)] }, odd, ociConfig, ociLayer);
    },
  ],
  [
    'a configuration that is none',
    () => {
      const odd = blob({
        ...ociBody,
        config: pointTo(ociConfig, 'application/vnd.cncf.helm.config.v1+json'),
      });
      return layout({ manifests: [pointTo(odd, MANIFEST, named)] }, odd, ociConfig, ociLayer);
    },
  ],
  [
    'no image for this machine',
    () => {
      const platforms = ['s390x', 'mips'].map((other) =>
        pointTo(ociManifest, MANIFEST, { platform: { os: 'linux', architecture: other } }),
      );
      return layout({ manifests: platforms }, ociManifest, ociConfig, ociLayer);
    },
  ],
];
