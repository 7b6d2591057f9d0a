/** The specs of Ruby's docker-api in several releases, unchanged, by Debian's Ruby. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkOut, type Outcome, runProgram, type Suite } from './suite.ts';

/** The releases, and the version that each asks for by its paths. */
const RELEASES: Readonly<Record<string, string>> = {
  'v1.8.2': '1.8',
  'v1.20.0': '1.16',
  'v1.34.2': '1.16',
  'v2.2.0': 'newest',
};
const SHIM = join(import.meta.dirname, 'ruby');
/** What it measures is the coverage of the client. */
const LEFT_OUT = 'spec/cov_spec.rb';

/** What daemons of the time answered, to be played back. */
const RECORDED = 'spec/vcr';

interface Report {
  readonly examples: readonly {
    readonly full_description: string;
    readonly status: 'passed' | 'failed' | 'pending';
    readonly exception?: { readonly class: string; readonly message: string };
  }[];
}

function outcomesOf({ examples }: Report): Outcome[] {
  return examples.map(({ full_description: name, status, exception }) => {
    if (status !== 'failed') return { name, is: status === 'pending' ? 'skipped' : 'passed' };
    const why = `${exception?.class}: ${exception?.message.trim().replace(/\s+/g, ' ')}`;
    return { name, is: 'failed', why };
  });
}

/** `checkout`: a clone of docker-api with its tags. */
export const dockerApi = (checkout: string): Suite => ({
  client: 'docker-api',
  versions: Object.entries(RELEASES).map(([release, api]) => ({ release, api })),
  async run({ release }, host, work) {
    checkOut(checkout, release, work, [RECORDED]);
    const report = join(work, 'report.json');
    const log = await runProgram(
      host,
      '/usr/bin/rspec',
      [
        ...['-I', SHIM, '--require', 'old_ruby', '--order', 'defined', '--exclude-pattern', LEFT_OUT],
        ...['--format', 'json', '--out', report],
      ],
      { cwd: work, env: { PATH: process.env.PATH, HOME: work, LANG: 'C.UTF-8', DOCKER_HOST: host } },
    );
    const text = existsSync(report) ? readFileSync(report, 'utf8') : '';
    return { outcomes: text === '' ? [] : outcomesOf(JSON.parse(text) as Report), log };
  },
});
