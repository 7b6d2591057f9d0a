/** Writes the manual pages: `sh tools/node tools/man.ts DIRECTORY`, then `man -l DIRECTORY/gantry.1`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../src/base/release.ts';
import { describe } from '../src/cli/completion/described.ts';
import { programOf } from '../src/cli/main.ts';
import { manualOf } from './manual.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error('man: where to? give a directory');
  process.exit(2);
}
mkdirSync(directory, { recursive: true });
/** The time that everything of a package is told to be from, so that the same sources make the same bytes. */
const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1000);
const date = new Date(seconds * 1000).toISOString().slice(0, 10);
for (const { name, text } of manualOf(describe(programOf(() => undefined)), { version: VERSION, date }))
  writeFileSync(join(directory, name), text);
