/** Ids of what the engine makes. */
import { randomBytes } from 'node:crypto';
import { shortId } from '../../formats/digest.ts';

/** 64 hex digits, the first twelve of which are not a number: names and short ids must not be mistaken for each other. */
export function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (!/^\d+$/.test(shortId(id))) return id;
  }
}
