/**
 * Runs the tests in node's own runner, in two phases with one report: unit tests side by side, then what drives
 * real engines (test/) one file at a time, so that engines under test never compete for the two cores of a small
 * machine. Arguments: none (all), `--quick` (unit tests alone), or files. The files that took longest are told at the
 * end. GANTRY_RESULTS=FILE: a line of JSON a test goes there, as `npm run cases -- --from FILE` reads it.
 */
import { appendFileSync, globSync } from 'node:fs';
import { relative } from 'node:path';
import { Transform } from 'node:stream';
import { run } from 'node:test';
import { dot, spec } from 'node:test/reporters';

interface Phase {
  readonly files: readonly string[];
  readonly concurrency: number;
}

/** No single file may take longer: a hanging test must not hold up everything behind it. */
const FILE_TIMEOUT_MS = 10 * 60 * 1000;

const unit: Phase = { files: globSync(['src/**/*.test.ts', 'tools/**/*.test.ts']).sort(), concurrency: 2 };

function phasesFor(argv: readonly string[]): readonly Phase[] {
  if (argv[0] === '--quick') return [unit];
  if (argv.length > 0) return [{ files: argv.flatMap((each) => globSync(each)), concurrency: 1 }];
  return [unit, { files: globSync('test/**/*.test.ts').sort(), concurrency: 1 }];
}

/** So many of the slowest files are told. */
const SLOWEST_TOLD = 15;
/** Milliseconds of the tests that a file declares. */
const took = new Map<string, number>();

/** The closing lines (`tests 12`, `pass 12`, …) of all phases, summed in the order node prints them. */
const closing = new Map<string, number>();
let failed = false;

/** Writes a test's end down where it was asked for. */
function record(
  type: string,
  {
    name,
    file,
    skip,
    todo,
  }: { name?: string; file?: string; skip?: string | boolean; todo?: string | boolean },
): void {
  const path = process.env.GANTRY_RESULTS;
  if (path === undefined || name === undefined || file === undefined || !/^test:(pass|fail)$/.test(type))
    return;
  const isSkipped = (skip ?? todo) !== undefined;
  const result = isSkipped ? 'skip' : type === 'test:pass' ? 'pass' : 'fail';
  const why = typeof skip === 'string' ? skip : typeof todo === 'string' ? todo : undefined;
  appendFileSync(path, `${JSON.stringify({ file: relative(process.cwd(), file), name, result, why })}\n`);
}

/** Passes a phase's events on, except for its closing lines and its summary: those are told once, at the end. */
const withoutClosing = () =>
  new Transform({
    objectMode: true,
    transform(event, _encoding, done) {
      const { type, data } = event as {
        type: string;
        data: {
          message?: string;
          nesting?: number;
          todo?: string | boolean;
          name?: string;
          file?: string;
          skip?: string | boolean;
          details?: { duration_ms?: number };
        };
      };
      record(type, data);
      if (data.nesting === 0 && data.file !== undefined && /^test:(pass|fail)$/.test(type))
        took.set(data.file, (took.get(data.file) ?? 0) + (data.details?.duration_ms ?? 0));
      const line = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(
        data.message ?? '',
      );
      if (type === 'test:diagnostic' && data.nesting === 0 && line)
        closing.set(line[1] ?? '', (closing.get(line[1] ?? '') ?? 0) + Number(line[2]));
      else if (type !== 'test:summary') this.push(event);
      if (type === 'test:fail' && data.todo === undefined) failed = true;
      done();
    },
  });

async function* allEvents(phases: readonly Phase[]) {
  for (const { files, concurrency } of phases) {
    if (files.length === 0) continue;
    yield* run({
      files: [...files],
      concurrency,
      timeout: FILE_TIMEOUT_MS,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    }).compose(withoutClosing());
  }
  for (const [name, sum] of closing) yield diagnostic(`${name} ${sum}`);
  if (took.size < 2) return;
  const slowest = [...took].sort(([, a], [, b]) => b - a).slice(0, SLOWEST_TOLD);
  for (const [file, ms] of slowest)
    yield diagnostic(`${Math.round(ms / 1000)} s in ${relative(process.cwd(), file)}`);
}

const diagnostic = (message: string) => ({
  type: 'test:diagnostic',
  data: { nesting: 0, message, level: 'info' },
});

/** A dot a test, for `npm run check`; the closing lines still follow. */
async function printDots(events: Parameters<typeof dot>[0]): Promise<void> {
  for await (const text of dot(events)) process.stdout.write(String(text));
  for (const [name, sum] of closing) console.log(`# ${name} ${sum}`);
}

async function printSpec(events: AsyncIterable<unknown>): Promise<void> {
  const printer = spec() as unknown as Transform;
  printer.pipe(process.stdout);
  for await (const event of events) printer.write(event);
  printer.end();
}

const argv = process.argv.slice(2);
const phases = phasesFor(argv);
if (phases.every((phase) => phase.files.length === 0)) {
  console.error(`test: no test files match ${argv.join(' ')}`);
  process.exit(2);
}
const events = allEvents(phases);
if (argv[0] === '--quick') await printDots(events as Parameters<typeof dot>[0]);
else await printSpec(events);
if (failed || (closing.get('fail') ?? 0) + (closing.get('cancelled') ?? 0) > 0) process.exitCode = 1;
