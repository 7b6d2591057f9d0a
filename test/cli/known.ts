/**
 * What dockerd has shown, as hashes: a scene in which Gantry shows the same to the letter need not be played on dockerd
 * again, which takes most of the time. What is not known is played on both, so that a machine that is otherwise, or a
 * scene that is new, only costs time. `npm run scenes` plays everything on both, and `npm run know-scenes` writes the file.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = join(import.meta.dirname, 'known.json');
const LEARNING = process.env.GANTRY_SCENES === 'know';

/** By the title of a scene: one for each command line, and for each kind of machine. */
type Known = Record<string, string[]>;

const hashOf = (seen: string): string => createHash('sha256').update(seen).digest('base64url').slice(0, 16);
const read = (): Known => (existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {});
let known: Known | undefined;

/** Whether dockerd has shown this in that scene; without `seen`, whether it has shown anything. */
export function isKnown(title: string, seen?: string): boolean {
  known ??= read();
  const hashes = known[title] ?? [];
  return seen === undefined ? hashes.length > 0 : hashes.includes(hashOf(seen));
}

/** Keeps what dockerd showed, when that is wanted. Files of scenes are played one behind the other. */
export function keepShown(title: string, seen: string): void {
  if (!LEARNING) return;
  const all = read();
  all[title] = [...new Set([...(all[title] ?? []), hashOf(seen)])].sort();
  const sorted = Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(FILE, `${JSON.stringify(sorted, undefined, 1)}\n`);
}
