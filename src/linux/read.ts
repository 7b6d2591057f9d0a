/** Reading files that may be missing. */
import { readFileSync } from 'node:fs';

/** The file's text; empty when there is no such file, or it can't be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
