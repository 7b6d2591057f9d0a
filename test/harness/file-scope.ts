/** A whole file of tests as the scope of its engines. */
import { after } from 'node:test';
import type { Scope } from './gantry.ts';

/** What is registered with it ends, all at once, behind the file's last test. */
export function fileScope(): Scope {
  const ends: (() => Promise<void>)[] = [];
  after(() => Promise.all(ends.map((end) => end())));
  return { after: (end) => void ends.push(end) };
}
