/**
 * Compares our documents of 1.25 and later with the published Swagger documents, key by key:
 * `npm run swagger -- DIRECTORY` with the files v1.25.yaml … in it. Prints each difference that no reason explains, and
 * each reason that explains nothing, and fails then. `--write` writes docs/api-differences.md: the reasons, and how many
 * differences each explains. `--answers` holds what a living engine answers against the documents instead.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dialectOf, openApi } from '../src/api/versions/index.ts';
import {
  type Differences,
  differences,
  gathered,
  judged,
  type Reason,
  spans,
} from '../test/api/documents/differences.ts';
import { routesOf } from '../test/api/documents/members.ts';
import { nameless, swaggerRoutes } from '../test/api/documents/swagger.ts';
import { answerReasons } from './swagger-reasons/answers.ts';
import { reasons } from './swagger-reasons.ts';

const PAGE = new URL('../docs/api-differences.md', import.meta.url);
const HEAD = `# Where our documents of 1.25 and later differ from the published ones

Key by key, and why: each difference has one of these reasons, which stand in \`tools/swagger-reasons.ts\` with what they
explain. Made by \`npm run swagger -- DIRECTORY --write\`, where the directory holds the published \`v1.25.yaml\` and
later; with \`--answers\` instead, a living engine is asked everything at each version, and what it answers is held
against them.

| differences | versions | why |
| ---: | --- | --- |
`;

/** A row a reason: how much it explains, and where. */
function rowOf({ why, what, from = 0, to = Infinity }: Reason, all: Differences): string {
  const explained = [...all].filter(([line]) => what.some((each) => each.test(line)));
  const minors = explained.flatMap(([, some]) => some).filter((minor) => from <= minor && minor <= to);
  const [first, last] = [Math.min(...minors), Math.max(...minors)];
  const versions = first === last ? `1.${first}` : `1.${first}–1.${last}`;
  return `| ${explained.length} | ${versions} | ${why} |`;
}

/** Whether all is explained. */
function told(all: Differences, why: readonly Reason[], summary: (explained: number) => string): boolean {
  const { unexplained, idle } = judged(all, why);
  for (const line of unexplained) console.error(spans(line));
  for (const each of idle) console.error(`a reason that explains nothing: ${each}`);
  console.log(
    `swagger: ${summary(all.size - unexplained.length)} differences explained, ${unexplained.length} new`,
  );
  return unexplained.length + idle.length === 0;
}

async function compareDocuments(directory: string, minors: readonly number[]): Promise<boolean> {
  const found: [minor: number, lines: string[]][] = [];
  for (const minor of minors) {
    const theirs = swaggerRoutes(readFileSync(join(directory, `v1.${minor}.yaml`), 'utf8'));
    const ours = nameless(routesOf(await openApi(dialectOf(`1.${minor}`))));
    found.push([minor, differences(ours, theirs)]);
  }
  const all = gathered(found);
  const page = `${HEAD}${reasons.map((reason) => rowOf(reason, all)).join('\n')}\n`;
  if (process.argv.includes('--write')) writeFileSync(PAGE, page);
  const isFresh = readFileSync(PAGE, 'utf8') === page;
  if (!isFresh) console.error('docs/api-differences.md is out of date: npm run swagger -- DIRECTORY --write');
  return told(all, reasons, (explained) => `${minors.length} versions, ${explained}`) && isFresh;
}

async function compareAnswers(directory: string, minors: readonly number[]): Promise<boolean> {
  const { hearAnswers } = await import('./swagger-answers.ts');
  const { answers, faults } = await hearAnswers(directory, minors);
  return told(
    faults,
    answerReasons,
    (explained) => `${minors.length} versions, ${answers} answers, ${explained}`,
  );
}

const [directory] = process.argv.slice(2).filter((word) => !word.startsWith('-'));
if (directory === undefined) throw new Error('say where the files v1.25.yaml … lie');
const minors: number[] = [];
for (let minor = 25; existsSync(join(directory, `v1.${minor}.yaml`)); minor++)
  if (dialectOf(`1.${minor}`).version === `1.${minor}`) minors.push(minor);
if (minors.length === 0) throw new Error(`no v1.25.yaml in ${directory}`);
const compare = process.argv.includes('--answers') ? compareAnswers : compareDocuments;
if (!(await compare(directory, minors))) process.exitCode = 1;
