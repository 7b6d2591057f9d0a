/**
 * Changes one operator, bound or constant of a room at a time and runs the room's unit tests:
 *   npm run mutants -- ROOM… [--file PART] [--sample N [--seed S]] [--jobs N]
 * Prints the mutants that no test noticed, then a table. Fails when a list of equivalent mutants is not true.
 */
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { allEquivalents } from './equivalents.ts';
import { judge, type Verdict } from './judge.ts';
import { plans, roomOf } from './rooms.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    file: { type: 'string' },
    sample: { type: 'string' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: '2' },
  },
});
const root = dirname(dirname(import.meta.dirname));
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));

interface Shown {
  readonly file: string;
  readonly line?: number;
  readonly before: string;
  readonly after: string;
}

async function ask(name: string): Promise<Verdict> {
  const room = roomOf(root, name);
  const sources = room.sources.filter((path) => path.includes(values.file ?? ''));
  if (sources.length === 0) throw new Error(`no source of ${name} has ${values.file} in its path`);
  return judge({
    root,
    room: { ...room, sources },
    equivalents: allEquivalents(),
    jobs: Number(values.jobs),
    ...(values.sample && { sample: { count: Number(values.sample), seed } }),
    progress: (done, of, survivor) => {
      if (survivor) printMutant('survived', survivor);
      if (done % 100 === 0) console.error(`${name}: ${done} of ${of}`);
    },
  });
}

function printMutant(what: string, { file, line, before, after }: Shown): void {
  console.log(`${what} ${file}${line ? `:${line}` : ''}\n  - ${before}\n  + ${after}`);
}

function print(name: string, verdict: Verdict): void {
  for (const each of verdict.contradicted) printMutant('listed as equivalent, but a test notices:', each);
  for (const each of verdict.stale) printMutant('listed as equivalent, but no longer there:', each);
  const { mutants, found, timedOut, survivors, equivalent } = verdict;
  const asked = mutants - equivalent;
  const percent = asked === 0 ? '–' : ((100 * found) / asked).toFixed(1);
  rows.push(
    `| ${name} | ${mutants} | ${found} | ${timedOut} | ${survivors.length} | ${equivalent} | ${percent} |`,
  );
  if (verdict.contradicted.length + verdict.stale.length > 0) process.exitCode = 1;
}

// What runs is ended, and what it wrote removed, when the command is.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const rows: string[] = [];
if (values.sample) console.log(`seed ${seed}`);
for (const name of positionals.length > 0 ? positionals : Object.keys(plans)) print(name, await ask(name));
console.log('| room | mutants | found | of them by time | survived | equivalent | percent |');
console.log('|---|---|---|---|---|---|---|');
for (const row of rows) console.log(row);
