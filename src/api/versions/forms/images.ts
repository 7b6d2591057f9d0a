/** Images in the forms of older versions. */

import { orNull } from '../../../base/schema.ts';
import { ContainerConfig } from '../../../model/config.ts';
import { type Doc, isDoc, memberOf } from '../doc-path.ts';
import { refused } from '../lens.ts';
import type { JsonSchema } from '../shape.ts';

/** Image ids had no algorithm before 1.22. */
export const bareId = (id: unknown): unknown => (typeof id === 'string' ? id.replace(/^sha256:/, '') : id);

/** Ids had twelve digits. */
export const shortId = (id: unknown): unknown => (typeof id === 'string' ? id.slice(0, 12) : id);

/** The list below 1.7: one entry a tag, with `Repository` and `Tag` instead of `RepoTags`. */
export function entryPerTag(images: unknown): unknown {
  if (!Array.isArray(images)) return images;
  return images.filter(isDoc).flatMap((image) => {
    const { RepoTags, ParentId: _parent, ...rest } = image;
    const tags = Array.isArray(RepoTags)
      ? RepoTags.filter((tag) => typeof tag === 'string' && tag !== '<none>:<none>')
      : [];
    return tags.length === 0 ? [rest] : tags.map((tag) => ({ ...splitTag(String(tag)), ...rest }));
  });
}

/** A registry's port has a colon too: the tag starts after the last one behind the last slash. */
export function splitTag(name: string): { Repository: string; Tag: string } {
  const colon = name.lastIndexOf(':');
  if (colon <= name.lastIndexOf('/')) return { Repository: name, Tag: '' };
  return { Repository: name.slice(0, colon), Tag: name.slice(colon + 1) };
}

/** A registry of its own parameter comes before a name that has none. */
function withRegistry(home: unknown, member: string, query: unknown): void {
  const registry = isDoc(query) ? query.registry : undefined;
  if (!isDoc(home) || typeof home[member] !== 'string' || typeof registry !== 'string') return;
  const host = registry.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  if (host !== '' && !home[member].startsWith(`${host}/`)) home[member] = `${host}/${home[member]}`;
}

/** Below 1.4: where to pull from. */
export const registryOfCreate = (doc: Doc): void => withRegistry(doc.query, 'fromImage', doc.query);
/** Below 1.4: where to push to. */
export const registryOfPush = (doc: Doc): void => withRegistry(doc.params, 'name', doc.query);

/** What a list showed of a description before 1.6. */
const DESCRIPTION_MAX = 45;

/** Search below 1.6: two members, with capitals, the description cut. */
export function nameAndDescription(doc: Doc): void {
  if (!Array.isArray(doc.body)) return;
  doc.body = doc.body.filter(isDoc).map(({ name, description }) => {
    const said = String(description ?? '');
    const cut = said.length > DESCRIPTION_MAX ? `${said.slice(0, DESCRIPTION_MAX - 3)}...` : said;
    return { Name: name, Description: cut };
  });
}

const LOWER: readonly (readonly [newer: string, older: string])[] = [
  ['Id', 'id'],
  ['Parent', 'parent'],
  ['Comment', 'comment'],
  ['Created', 'created'],
  ['Container', 'container'],
  ['ContainerConfig', 'container_config'],
  ['DockerVersion', 'docker_version'],
  ['Author', 'author'],
  ['Config', 'config'],
  ['Architecture', 'architecture'],
  ['Os', 'os'],
];

/** What an image's config had at 1.11; later members have later steps, which know them under their later names. */
const CONFIG_OF_1_11 = new Set([
  ...['Hostname', 'Domainname', 'User', 'Memory', 'MemorySwap', 'CpuShares'],
  ...['AttachStdin', 'AttachStdout', 'AttachStderr', 'PortSpecs', 'ExposedPorts'],
  ...['Tty', 'OpenStdin', 'StdinOnce', 'Env', 'Cmd', 'Image', 'Volumes', 'WorkingDir'],
  ...['Entrypoint', 'NetworkDisabled', 'OnBuild'],
]);

const configOf1_11 = (config: Doc): Doc =>
  Object.fromEntries(Object.entries(config).filter(([name]) => CONFIG_OF_1_11.has(name)));

/** The shape of that. What is empty is left out. */
export function lowerCasedShape(shape: Doc): void {
  const members = memberOf(shape.body, 'properties');
  const properties: Doc = {};
  for (const [newer, older] of [...LOWER, ['Size', 'Size']] as const) {
    const schema = memberOf(members, newer);
    if (schema === undefined) continue;
    const config = memberOf(schema, 'properties');
    properties[older] = isDoc(config) ? { type: 'object', properties: configOf1_11(config) } : schema;
  }
  shape.body = { type: 'object', properties, required: ['Size'] };
}

/** Inspect below 1.12: the image's own JSON with small letters; `Size` kept its capital, empty values were left out. */
export function lowerCased(image: Doc): Doc {
  const written: Doc = {};
  for (const [newer, older] of LOWER)
    if (image[newer] !== undefined && image[newer] !== '')
      written[older] = isDoc(image[newer]) ? configOf1_11(image[newer]) : image[newer];
  if (image.Size !== undefined) written.Size = image.Size;
  return written;
}

/** What a container's config looked like when nobody had set anything: images below 1.45 carried such a one. */
export const blankContainerConfig = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: '',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
} as const;

/** The shape of such a config. */
export function containerConfigShape(): JsonSchema {
  const { properties, ...rest } = ContainerConfig.json();
  const told = Object.entries(properties as Doc).map(([name, schema]) => {
    const isBlank = blankContainerConfig[name as keyof typeof blankContainerConfig] === null;
    return [name, isBlank ? orNull(schema as JsonSchema) : schema];
  });
  return { ...rest, properties: Object.fromEntries(told) };
}

/** Before 1.52 a client could name one platform. */
export const onePlatform = refused('several platforms may be named', (doc) => {
  const said = memberOf(doc.query, 'platform');
  return Array.isArray(said) && said.length > 1
    ? 'multiple platform parameters are not supported in this API version; use API version 1.52 or later'
    : undefined;
});
