/**
 * `npm run cli-walk`: plays the scenes with the command line of this machine (or that of GANTRY_CLI), then says of every
 * command and flag that it lists by `--help` how it was. `--write` writes docs/docker-cli.md; without it the page must be
 * as it would be written. `--from FILE` takes what was recorded before.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Played } from '../record.ts';
import { commandLines, majorOf } from '../scenes.ts';
import { commandsOf } from './help.ts';
import { judge, pageOf } from './page.ts';
import { reasonsFor } from './reasons.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PAGE = join(ROOT, 'docs/docker-cli.md');

const argv = process.argv.slice(2);
const [cli] = commandLines();
assert(cli, 'there is no docker command line here');
const scratch = mkdtempSync(join(tmpdir(), 'gantry-walk-'));
try {
  const from = argv.includes('--from') ? argv[argv.indexOf('--from') + 1] : undefined;
  const failed = from === undefined && !plays(join(scratch, 'played'));
  const played = readFileSync(from ?? join(scratch, 'played'), 'utf8')
    .trim()
    .split('\n')
    .map((line): Played => JSON.parse(line));
  const commands = commandsOf(help(cli.path));
  const { rows, wrong } = judge(commands, played, reasonsFor(majorOf(cli)));
  const peers = new Set(played.flatMap(({ beside }) => (typeof beside === 'string' ? [beside] : [])));
  const page = pageOf(rows, commands, cli.name, [...peers].sort());
  if (argv.includes('--write')) writeFileSync(PAGE, page);
  else if (process.env.GANTRY_CLI === undefined && readFileSync(PAGE, 'utf8') !== page)
    wrong.push('docs/docker-cli.md is not as it would be written: npm run cli-walk -- --write');
  for (const line of wrong) console.error(line);
  console.log(/^docker .* rows, .*$/m.exec(page)?.[0]);
  if (failed || wrong.length > 0) process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true });
}

function plays(recording: string): boolean {
  const { status } = spawnSync('sh', ['tools/test.sh', 'test/cli/walk/*.test.ts'], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, GANTRY_CLI_RECORD: recording },
  });
  return status === 0;
}

/** Help of who has no engine: with one, it leaves out what that does not serve. */
function help(path: string) {
  const env = {
    PATH: process.env.PATH,
    HOME: scratch,
    DOCKER_CONFIG: scratch,
    DOCKER_HOST: 'unix:///nonexistent',
  };
  return (words: readonly string[]): string =>
    execFileSync(path, [...words, '--help'], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] });
}
