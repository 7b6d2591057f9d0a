/** `RUN --mount=type=cache,target=/x,…`: what is mounted for one command. */
import { dockerfileFailure } from '../../model/failures/dockerfile.ts';
import { textOf } from '../byte-text.ts';
import type { ByteText } from '../tar/entry.ts';
import { lower, trimmed } from './blanks.ts';
import { nearWord } from './near-word.ts';

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
const SHARINGS = ['shared', 'private', 'locked'] as const;
type MountType = (typeof TYPES)[number];

/** A mount as RUN has it for one command. */
export interface Mount {
  readonly type: MountType;
  /** A stage or an image; unsaid: the build context. */
  readonly from?: ByteText;
  readonly source?: ByteText;
  readonly target?: ByteText;
  readonly readOnly: boolean;
  readonly id?: ByteText;
  readonly sharing?: (typeof SHARINGS)[number];
  readonly required: boolean;
  readonly sizeBytes?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** A secret's variable; empty: it is called as the secret is. */
  readonly env?: ByteText;
}

type Draft = { -readonly [K in keyof Mount]?: Mount[K] | undefined };
type Expand = (value: ByteText) => ByteText;
type Set = (draft: Draft, value: ByteText, refuse: Refuse) => void;
type Refuse = (why: string, near?: string) => Error;

/** Reads one, its values expanded. @throws InvalidArgument */
export function mountOf(text: ByteText, expand: Expand): Mount {
  const refuse: Refuse = (why, near) => dockerfileFailure.mountInvalid({ mount: textOf(text), why, near });
  const draft: Draft = { type: 'bind' };
  for (const field of fieldsOf(text, refuse)) {
    const equals = field.indexOf('=');
    const key = lower(equals < 0 ? field : field.slice(0, equals));
    if (equals < 0 && !BARE.includes(key)) throw refuse(`${shown(field)} must be a key=value pair`);
    setterOf(key, refuse)(draft, equals < 0 ? 'true' : expand(field.slice(equals + 1)), refuse);
  }
  return settled(draft, refuse);
}

/** Finds what is wrong before anything is built, as far as no variable decides it. @throws InvalidArgument */
export function checkMount(text: ByteText): void {
  const from = /(?:^|,)from=[^,]*\$[^,]/i.test(text);
  if (from)
    throw dockerfileFailure.mountInvalid({
      mount: textOf(text),
      why: "'from' doesn't support variable expansion, define alias stage instead",
    });
  if (!text.includes('$')) mountOf(text, (value) => value);
}

const BARE: readonly string[] = ['ro', 'readonly', 'rw', 'readwrite', 'required'];
const shown = (text: ByteText): string => JSON.stringify(textOf(text.slice(0, 100)));

/** Comma-separated; a field in quotes may have commas, and quotes that are doubled. */
function fieldsOf(text: ByteText, refuse: Refuse): ByteText[] {
  const fields: ByteText[] = [];
  const piece = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (let more = true; more; ) {
    const found = piece.exec(text);
    if (!found) throw refuse('a quote is not where a field begins or ends');
    fields.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    more = found[3] === ',';
  }
  return fields.map(trimmed);
}

function setterOf(key: string, refuse: Refuse): Set {
  const name = Object.hasOwn(OTHER_NAMES, key) ? OTHER_NAMES[key]! : key;
  const set = Object.hasOwn(setters, name) ? setters[name] : undefined;
  if (set) return set;
  const near = nearWord(textOf(key), [...Object.keys(setters), ...Object.keys(OTHER_NAMES)]);
  throw refuse(`unexpected key ${shown(key)}`, near);
}

const OTHER_NAMES: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  rw: 'readwrite',
};

const setters: Readonly<Record<string, Set>> = {
  type: (draft, value, refuse) => {
    draft.type = wordOf('type', value, TYPES, refuse);
  },
  sharing: (draft, value, refuse) => {
    draft.sharing = wordOf('sharing', value, SHARINGS, refuse);
  },
  from: (draft, value) => {
    draft.from = value;
  },
  source: (draft, value) => {
    draft.source = value;
  },
  target: (draft, value) => {
    draft.target = value;
  },
  id: (draft, value) => {
    draft.id = value;
  },
  env: (draft, value) => {
    draft.env = value;
  },
  readonly: (draft, value, refuse) => {
    draft.readOnly = booleanOf('readonly', value, refuse);
  },
  readwrite: (draft, value, refuse) => {
    draft.readOnly = !booleanOf('readwrite', value, refuse);
  },
  required: (draft, value, refuse) => {
    draft.required = booleanOf('required', value, refuse);
  },
  size: (draft, value, refuse) => {
    draft.sizeBytes = bytesIn(value, refuse);
  },
  mode: (draft, value, refuse) => {
    draft.mode = numberOf('mode', value, 8, refuse);
  },
  uid: (draft, value, refuse) => {
    draft.uid = numberOf('uid', value, 10, refuse);
  },
  gid: (draft, value, refuse) => {
    draft.gid = numberOf('gid', value, 10, refuse);
  },
};

function wordOf<T extends string>(key: string, value: ByteText, words: readonly T[], refuse: Refuse): T {
  const found = words.find((word) => word === lower(value));
  if (found === undefined) throw refuse(`unsupported ${key} ${shown(value)}`, nearWord(textOf(value), words));
  return found;
}

function booleanOf(key: string, value: ByteText, refuse: Refuse): boolean {
  if (/^(?:1|t|true)$/i.test(value)) return true;
  if (/^(?:0|f|false)$/i.test(value)) return false;
  throw refuse(`invalid value for ${key}: ${shown(value)}`);
}

const UINT32_MAX = 2 ** 32 - 1;

function numberOf(key: string, value: ByteText, base: 8 | 10, refuse: Refuse): number {
  const found = (base === 8 ? /^[0-7]{1,12}$/ : /^\d{1,10}$/).test(value) ? Number.parseInt(value, base) : -1;
  if (found < 0 || found > UINT32_MAX) throw refuse(`invalid value ${shown(value)} for ${key}`);
  return found;
}

function bytesIn(value: ByteText, refuse: Refuse): number {
  const [, digits = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,9})?) ?([kmgtp]?)(?:i?b)?$/i.exec(value) ?? [];
  const bytes = Math.trunc(Number(digits) * 1024 ** ' kmgtp'.indexOf(lower(unit) || ' '));
  if (digits === '' || !Number.isSafeInteger(bytes)) throw refuse(`invalid value for size: ${shown(value)}`);
  return bytes;
}

/** Members that only some types have. */
const ONLY_FOR: readonly (readonly [keyof Mount, readonly MountType[]])[] = [
  ['mode', ['secret', 'ssh', 'cache']],
  ['uid', ['secret', 'ssh', 'cache']],
  ['gid', ['secret', 'ssh', 'cache']],
  ['sizeBytes', ['tmpfs']],
  ['required', ['secret', 'ssh']],
  ['sharing', ['cache']],
  ['env', ['secret']],
];

function settled(draft: Draft, refuse: Refuse): Mount {
  const { type = 'bind', readOnly, required = false, ...rest } = draft;
  for (const [member, types] of ONLY_FOR)
    if (draft[member] !== undefined && !types.includes(type))
      throw refuse(
        `${member === 'sizeBytes' ? 'size' : member} not allowed for ${JSON.stringify(type)} type mounts`,
      );
  if (type === 'secret') checkSecret(draft, refuse);
  const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...said, type, required, readOnly: readOnly ?? (type !== 'cache' && type !== 'tmpfs') };
}

function checkSecret({ from, source, target, id }: Draft, refuse: Refuse): void {
  if (from) throw refuse('secret mount should not have a from');
  if (!source && !target && !id) throw refuse('invalid secret mount. one of source, target required');
  if (source && id) throw refuse("both source and id can't be set");
}
