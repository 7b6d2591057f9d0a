/** dockerode's own usage examples, unchanged: each is run and must print what its author meant it to. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modules } from './dockerode.ts';
import { checkOut, type Outcome, runProgram, type Suite } from './suite.ts';

interface Example {
  readonly prints: RegExp;
  /** It wants a terminal and somebody who types; else it is run alone. */
  readonly typed?: string;
  /** It looks for the engine at 127.0.0.1:2375. */
  readonly byTcp?: boolean;
  /** Where it is run, below the work directory. */
  readonly cwd?: string;
}

/**
 * What dockerd has them print, too: the shell of `run.js` waits for ever, that of `top.js` ends about when it is looked at.
 * Left out: `logs.js` pings the internet; `timeout.js` gives the engine a tenth of a second for everything; `build/run.js` and `build/build_img_files.js`
 * install Chrome from the internet; `build/build_buildkit.js` wants BuildKit.
 */
const EXAMPLES: Readonly<Record<string, Example>> = {
  'duplexstreams.js': { prints: /(container \d+ removed.*){21}/s },
  'exec_running_container.js': { prints: /^test ttslkfjsdalkfj$/m },
  'external_volume.js': { prints: /^gantry-old-clients-/m },
  'listContainers.js': { prints: /^(?=.*^ALL: \d+$)(?=.*^!ALL: \d+$).*labeled staging \+ env=green : 0$/ms },
  'run.js': { prints: /BusyBox/ },
  'run_stdin.js': { prints: /^it-works\r?$/m, typed: 'echo it-""works\\nexit\\n' },
  'top.js': { prints: /^(null$|.*Titles:.*Processes:)/ms, byTcp: true },
  'build/build_img_cwd.js': { prints: /Successfully tagged imgcwd:latest/, cwd: 'context' },
};

/** Has 127.0.0.1:2375 lead to the engine, in a network namespace of the example's own. */
const FORWARD = join(import.meta.dirname, 'dockerode/forward.cjs');

/** The shell command that runs one; `$0` is Node.js, `$1` the example. */
function commandFor({ typed, byTcp }: Example): string {
  if (typed !== undefined) return `{ sleep 2; printf '${typed}'; sleep 3; } | script -qec "$0 $1" /dev/null`;
  if (!byTcp) return 'exec timeout 60 "$0" "$1"';
  return `exec unshare --net sh -c 'ip link set lo up; exec timeout 60 "$0" --require ${FORWARD} "$1"' "$0" "$1"`;
}

/** `checkout`: a clone of dockerode with its tags. */
export const dockerodeExamples = (checkout: string): Suite => ({
  client: 'dockerode, its examples',
  versions: [{ release: 'v4.0.10', api: 'newest' }],
  async run({ release }, host, work) {
    checkOut(checkout, release, work);
    symlinkSync(modules(release, work), join(work, 'node_modules'));
    mkdirSync(join(work, 'context'));
    writeFileSync(join(work, 'context/Dockerfile'), 'FROM ubuntu\nCMD ["bash"]\n');
    const outcomes: Outcome[] = [];
    let log = '';
    for (const [name, example] of Object.entries(EXAMPLES)) {
      const argv = ['-c', commandFor(example), process.execPath, join(work, 'examples', name)];
      const options = { cwd: join(work, example.cwd ?? '.'), env: { PATH: process.env.PATH, HOME: work } };
      const printed = await runProgram(host, 'sh', argv, options);
      log += `== ${name}\n${printed}`;
      const why = `printed ${JSON.stringify(printed.slice(-300))}`;
      outcomes.push(example.prints.test(printed) ? { name, is: 'passed' } : { name, is: 'failed', why });
    }
    return { outcomes, log };
  },
});
