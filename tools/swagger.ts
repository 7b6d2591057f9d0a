/**
 * Compares our documents of 1.25 and later with the published Swagger documents, key by key:
 * `npm run swagger -- DIRECTORY` with the files v1.25.yaml … in it. Prints each difference that neither a reason nor
 * docs/api-differences.md explains, and fails then. `--write` writes that page: what is not yet as published.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dialectOf, openApi } from '../src/api/versions/index.ts';
import { differences, gathered, judged, spans } from '../test/api/documents/differences.ts';
import { routesOf } from '../test/api/documents/members.ts';
import { nameless, swaggerRoutes } from '../test/api/documents/swagger.ts';
import { reasons } from './swagger-reasons.ts';

const PAGE = new URL('../docs/api-differences.md', import.meta.url);
const HEAD = `# Where our documents of 1.25 and later differ from the published ones

\`+\`: ours alone. \`-\`: theirs alone. Not yet as published; what differs for a reason stands in \`tools/swagger-reasons.ts\`.
Made by \`npm run swagger -- DIRECTORY --write\`, where the directory holds the published \`v1.25.yaml\` and later.

`;

const [directory] = process.argv.slice(2).filter((word) => !word.startsWith('-'));
if (directory === undefined) throw new Error('say where the files v1.25.yaml … lie');

const found: [minor: number, lines: string[]][] = [];
for (let minor = 25; existsSync(join(directory, `v1.${minor}.yaml`)); minor++) {
  const version = `1.${minor}`;
  if (dialectOf(version).version !== version) break;
  const theirs = swaggerRoutes(readFileSync(join(directory, `v${version}.yaml`), 'utf8'));
  found.push([minor, differences(nameless(routesOf(await openApi(dialectOf(version)))), theirs)]);
}
if (found.length === 0) throw new Error(`no v1.25.yaml in ${directory}`);

const { unexplained, idle } = judged(gathered(found), reasons);
const lines = unexplained.map((line) => `- \`${spans(line)}\``).sort();
if (process.argv.includes('--write')) writeFileSync(PAGE, `${HEAD}${lines.join('\n')}\n`);

const known = new Set(readFileSync(PAGE, 'utf8').split('\n'));
const news = lines.filter((line) => !known.has(line));
const gone = [...known].filter((line) => line.startsWith('- `') && !lines.includes(line));
for (const line of news) console.error(line);
for (const line of gone) console.error(`no longer so: ${line}`);
for (const each of idle) console.error(`a reason that explains nothing: ${each}`);
const total = found.reduce((sum, [, each]) => sum + each.length, 0);
console.log(
  `swagger: ${found.length} versions, ${total} differences, ${lines.length} not yet as published, ${news.length} new`,
);
if (news.length + gone.length + idle.length > 0) process.exitCode = 1;
