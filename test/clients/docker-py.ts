/** docker-py's own integration tests of several releases, unchanged, by Debian's Python. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkOut, type Outcome, runProgram, type Suite } from './suite.ts';

/** The releases of each time, and the version of the API that each speaks of itself. */
const RELEASES: Readonly<Record<string, string>> = {
  '0.2.3': '1.6',
  '0.3.2': '1.12',
  '0.5.3': '1.12',
  '0.7.2': '1.16',
  '1.2.0': '1.18',
  '1.5.0': '1.20',
  '1.10.6': '1.24',
};
const SHIM = join(import.meta.dirname, 'python');
/** One test waits for a container of its own for some seconds at most. */
const TEST_TIMEOUT_SECONDS = 60;

/** Reads pytest's report: a self-closing `testcase` passed. */
function outcomesOf(xml: string): Outcome[] {
  return [
    ...xml.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"[^>]*?(\/>|>([\s\S]*?)<\/testcase>)/g),
  ].map(([, classname = '', method = '', , body = '']) => {
    const name = `${classname.split('.').at(-1)}.${method}`;
    const [, kind, why = ''] = /<(failure|error|skipped)[^>]*? message="([^"]*)"/.exec(body) ?? [];
    if (kind === undefined) return { name, is: 'passed' };
    return { name, is: kind === 'skipped' ? 'skipped' : 'failed', why: unescaped(why).split('\n')[0] ?? '' };
  });
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
const unescaped = (text: string): string =>
  text
    .replace(/&#(?:x([0-9a-f]+)|(\d+));/gi, (_, hex, ten) =>
      String.fromCodePoint(Number.parseInt(hex ?? ten, hex ? 16 : 10)),
    )
    .replace(/&(amp|lt|gt|quot);/g, (_, name: string) => ENTITIES[name] ?? '');

/** `checkout`: a clone of docker-py with its tags. */
export const dockerPy = (checkout: string): Suite => ({
  client: 'docker-py',
  versions: Object.entries(RELEASES).map(([release, api]) => ({ release, api })),
  async run({ release }, host, work) {
    checkOut(checkout, release, work);
    const tests = existsSync(join(work, 'tests/integration_test.py'))
      ? 'tests/integration_test.py'
      : 'tests/integration';
    const report = join(work, 'report.xml');
    const log = await runProgram(
      host,
      '/usr/bin/python3',
      [
        ...[
          '-W',
          'ignore',
          '-m',
          'pytest',
          '-p',
          'no:cacheprovider',
          '-p',
          'old_python',
          '-q',
          `--junitxml=${report}`,
        ],
        ...[`--timeout=${TEST_TIMEOUT_SECONDS}`, '-W', 'ignore', tests],
      ],
      {
        cwd: work,
        env: {
          PATH: process.env.PATH,
          HOME: work,
          DOCKER_HOST: host,
          PYTHONDONTWRITEBYTECODE: '1',
          // Their `test` is beside the tests, not Python's own.
          PYTHONPATH: [SHIM, work, join(work, 'tests')].join(':'),
        },
      },
    );
    return { outcomes: existsSync(report) ? outcomesOf(readFileSync(report, 'utf8')) : [], log };
  },
});
