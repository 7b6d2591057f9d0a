/** Directories that RUN steps kept and that are on no record: a crash fell between the two. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadRows } from '../../../storage/index.ts';
import type { CacheMountRow } from './rows.ts';

/** Their paths. Where rows were lost nobody knows which directories those had: then there are none. */
export function strayMounts(
  root: string,
  { rows, setAside, rowsWereLost }: ReadRows<CacheMountRow>,
): string[] {
  const names = rowsWereLost || !existsSync(root) ? [] : readdirSync(root);
  return names.filter((name) => !rows.has(name) && !setAside.has(name)).map((name) => join(root, name));
}
