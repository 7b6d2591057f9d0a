/** What a log says of its container beside each line: labels and environment that were asked for, and a tag. */
import { hostname } from 'node:os';
import type { LogOptionMap } from '../../../model/log-options.ts';
import { textsFoundBy } from '../../expressions.ts';
import type { ContainerRecord } from '../record.ts';
import { fillTag, type TagFields } from './tag.ts';

/** What is known of a container when its log begins. */
export type Logged = Pick<
  ContainerRecord,
  'id' | 'name' | 'created' | 'imageId' | 'config' | 'path' | 'args'
>;

/** Labels and variables by name, sorted. `rename`: how a driver spells names. @throws InvalidArgument for a bad expression */
export async function extraAttributes(
  { config }: Logged,
  options: LogOptionMap,
  rename: (name: string) => string = (name) => name,
): Promise<Map<string, string>> {
  const labels = new Map(Object.entries(config.Labels ?? {}));
  const env = new Map(
    (config.Env ?? [])
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const)
      .filter(([name]) => name !== ''),
  );
  const found = new Map<string, string>();
  for (const [all, option] of [
    [labels, 'labels'],
    [env, 'env'],
  ] as const) {
    for (const name of (options[option] ?? '').split(',')) {
      const value = all.get(name);
      if (value !== undefined) found.set(rename(name), value);
    }
    const expression = options[`${option}-regex`];
    if (!expression) continue;
    for (const name of await textsFoundBy(expression, [...all.keys()]))
      found.set(rename(name), all.get(name) ?? '');
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The tag; `absent` when none was asked for. @throws InvalidArgument for a template that means nothing */
export function logTag(logged: Logged, options: LogOptionMap, absent: string): string {
  return fillTag(options.tag || absent, tagFields(logged, options));
}

const SHORT_ID = 12;

function tagFields(logged: Logged, options: LogOptionMap): TagFields {
  const { id, name, created, imageId, config, path, args } = logged;
  return {
    ID: id.slice(0, SHORT_ID),
    FullID: id,
    Name: name,
    // dockerd counts the algorithm's name in: sha256:ab12c.
    ImageID: imageId.slice(0, SHORT_ID),
    ImageFullID: imageId,
    ImageName: config.Image ?? '',
    DaemonName: 'docker',
    Hostname: hostname(),
    Command: [path, ...args].join(' '),
    ContainerID: id,
    ContainerName: `/${name}`,
    ContainerEntrypoint: path,
    ContainerArgs: args,
    ContainerImageID: imageId,
    ContainerImageName: config.Image ?? '',
    ContainerCreated: created,
    ContainerEnv: config.Env ?? [],
    ContainerLabels: config.Labels ?? {},
    Config: options,
  };
}

/** The attributes of json-file's lines: also the tag, when there is one. */
export async function fileAttributes(logged: Logged, options: LogOptionMap): Promise<Map<string, string>> {
  const attributes = await extraAttributes(logged, options);
  const tag = logTag(logged, options, '');
  if (tag !== '') attributes.set('tag', tag);
  return new Map([...attributes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** JSON as Go writes it: what could end a script is escaped. Nothing for no attributes. */
export function attributesJson(attributes: ReadonlyMap<string, string>): string {
  if (attributes.size === 0) return '';
  return JSON.stringify(Object.fromEntries(attributes)).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `name=value,…` as `logs --details` gives them, each as a query's part. */
export function attributesQuery(attributes: ReadonlyMap<string, string>): string {
  return [...attributes].map(([name, value]) => `${queryEscaped(name)}=${queryEscaped(value)}`).join(',');
}

/** As Go's url.QueryEscape: all but letters, digits and four marks, a blank as a plus. */
const queryEscaped = (whole: string): string =>
  encodeURIComponent(whole.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
