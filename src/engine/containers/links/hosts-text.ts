/**
 * Lines of links in a running container's /etc/hosts: `ADDRESS<tab>ALIAS HOSTNAME …`. A link's line is known by its
 * alias standing first of several names; whatever else is in the file is the container's own and stays as it is. Pure.
 */
import { type Family, familyOf } from '../../../network/index.ts';

/** The text with that address of the link instead of another of its family. */
export function withAddress(text: string, alias: string, address: string): string {
  return text.replace(lineOf(alias), (line, before: string, names: string) =>
    isOf(before, familyOf(address)) ? `${address}\t${names}` : line,
  );
}

/** The text without the link's lines. */
export const withoutLink = (text: string, alias: string): string => text.replace(lineOf(alias), '');

/** The text without the lines that go, and with the new ones at its end: each as it stands, with its newline. */
export function withOwnLines(text: string, added: readonly string[], removed: readonly string[]): string {
  const lines = text.split(/(?<=\n)/);
  const kept = lines.filter((line) => !removed.includes(line));
  const fresh = added.filter((line) => !kept.includes(line));
  const end = fresh.length > 0 && kept.length > 0 && !kept.at(-1)?.endsWith('\n') ? '\n' : '';
  return [...kept, end, ...fresh].join('');
}

/** Of what an alias may have, an expression reads only its dots otherwise. */
const lineOf = (alias: string): RegExp =>
  new RegExp(`^([0-9a-fA-F.:]+)\\t(${alias.replaceAll('.', '\\.')} [^\\n]*(?:\\n|$))`, 'gm');

const isOf = (text: string, family: Family): boolean => text.includes(':') === (family === 6);
