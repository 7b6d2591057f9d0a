/**
 * Prints the changelog of the API, made from the steps: `sh tools/node tools/changelog.ts`. With `--write` it stands in
 * docs/api-changelog.md afterwards, and the table of all routes in docs/api-versions.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { changelog } from '../src/api/versions/index.ts';
import { pages } from './api-pages.ts';

if (process.argv.includes('--write'))
  for (const { file, written } of await pages()) writeFileSync(file, written(readFileSync(file, 'utf8')));
else console.log(await changelog());
