/** COPY and ADD: sources, here-documents among them, and where they go. */
import { dockerfileFailure } from '../../model/failures/dockerfile.ts';
import type { ByteText } from '../tar/entry.ts';
import { type Flags, type FlagTable, readFlags } from './flags.ts';
import { inlineFile, markOf } from './heredocs.ts';
import type { AddInstruction, CopyInstruction } from './instruction.ts';
import { listOf } from './json-words.ts';
import type { Reading, Said } from './reading.ts';

type Own<T> = Omit<T, 'is' | keyof Said>;

const BOTH: FlagTable = { chown: 'text', chmod: 'text', link: 'boolean', exclude: 'texts' };

/** What COPY says. @throws InvalidArgument */
export function readCopy(reading: Reading): Own<CopyInstruction> {
  const places = placesOf(reading);
  const flags = readFlags(reading.flags, { ...BOTH, from: 'text', parents: 'boolean' });
  return {
    ...places,
    ...transfer(flags),
    ...given('from', flags.text('from')),
    parents: flags.boolean('parents') ?? false,
  };
}

/** What ADD says. @throws InvalidArgument */
export function readAdd(reading: Reading): Own<AddInstruction> {
  const places = placesOf(reading);
  const table: FlagTable = { ...BOTH, checksum: 'text', 'keep-git-dir': 'boolean', unpack: 'boolean' };
  const flags = readFlags(reading.flags, table);
  return {
    ...places,
    ...transfer(flags),
    ...given('checksum', flags.text('checksum')),
    ...given('keepGitDir', flags.boolean('keep-git-dir')),
    ...given('unpack', flags.boolean('unpack')),
  };
}

function transfer(flags: Flags): Pick<CopyInstruction, 'chown' | 'chmod' | 'link' | 'exclude'> {
  return {
    ...given('chown', flags.text('chown')),
    ...given('chmod', flags.text('chmod')),
    link: flags.boolean('link') ?? false,
    exclude: flags.texts('exclude'),
  };
}

/** A flag that says nothing (`--chown=`) is none. */
function given<K extends string, T>(key: K, value: T | undefined): { readonly [_ in K]?: T } {
  return value === undefined || value === '' ? {} : ({ [key]: value } as { readonly [_ in K]: T });
}

function placesOf(reading: Reading): Pick<CopyInstruction, 'sources' | 'inline' | 'destination'> {
  const { rest, command, heredocs } = reading;
  const words = listOf(rest);
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2) throw dockerfileFailure.destinationMissing({ command });
  if (heredocs.length > 0 && markOf(destination)) throw dockerfileFailure.heredocDestination({ command });
  const files = new Map(heredocs.map((heredoc) => [heredoc.name, inlineFile(heredoc)]));
  const fileOf = (word: ByteText) => files.get(markOf(word)?.name ?? '');
  const sources = words.slice(0, -1);
  return {
    sources: sources.filter((word) => !fileOf(word)),
    inline: sources.flatMap((word) => fileOf(word) ?? []),
    destination,
  };
}
