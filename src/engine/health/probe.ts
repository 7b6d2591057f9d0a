/** One run of a health check: a further process in the container, within its time, and the first of what it says. */
import { messageOf } from '../../base/errors.ts';
import { formatNanos, nowNanos } from '../../base/time.ts';
import { formatGoDuration } from '../../formats/go-duration.ts';
import { type ExecProcess, killWhole } from '../../runtime/index.ts';
import type { Container } from '../containers/container.ts';
import type { WithLog, WithSupervisor } from '../containers/needs.ts';
import { type ExecDeps, makeExec, runExec } from '../execs/exec.ts';
import { mergeOutputs } from '../processes/merge.ts';
import type { Check, ProbeResult } from './verdict.ts';

/** What a probe needs. */
export type ProbeDeps = ExecDeps & WithLog;

/** Bytes of a probe's output that are kept. */
const OUTPUT_BYTES_MAX = 4096;

/** Never throws: what fails is a result too. `signal` ends the probe with all that it started. */
export async function probe(
  deps: ProbeDeps,
  container: Container,
  check: Check,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const Start = formatNanos(nowNanos());
  const result = await run(deps, container, check, signal).catch((error: unknown) => ({
    ExitCode: -1,
    Output: messageOf(error),
  }));
  return { Start, End: formatNanos(nowNanos()), ...result };
}

type Outcome = Pick<ProbeResult, 'ExitCode' | 'Output'>;

async function run(
  deps: ProbeDeps,
  container: Container,
  check: Check,
  signal: AbortSignal,
): Promise<Outcome> {
  const { task } = container;
  const exec = makeExec(deps, container, { Cmd: check.command, AttachStdout: true, AttachStderr: true });
  const { process, over } = await runExec(deps, exec, { detach: false, consoleSize: undefined });
  const said = new Beginning();
  const reading = read(deps, process, over, said);
  const late = new AbortController();
  // The time that the start took is ours, not the probe's.
  const timer = setTimeout(() => late.abort(), check.timeoutMs);
  const kill = () => {
    if (task) void killWhole(deps.supervisor, task, process).catch(logged(deps, container));
  };
  const cut = AbortSignal.any([signal, late.signal]);
  cut.addEventListener('abort', kill, { once: true });
  if (cut.aborted) kill();
  try {
    await over;
    if (!late.signal.aborted) await reading;
  } finally {
    clearTimeout(timer);
    cut.removeEventListener('abort', kill);
    for (const output of process.outputs.values()) output.close();
  }
  if (!late.signal.aborted) return { ExitCode: exec.exitCode ?? -1, Output: said.text() };
  const words = `Health check exceeded timeout (${formatGoDuration(check.timeoutMs * 1e6)})`;
  return { ExitCode: -1, Output: said.text() === '' ? words : `${words}: ${said.text()}` };
}

const logged =
  (deps: WithLog, { id }: Container) =>
  (error: unknown) =>
    deps.log.warn('health.kill', { id, reason: messageOf(error) });

/** When enough is known the rest is dropped, but read: no probe hangs on its own words. */
async function read(
  deps: WithSupervisor,
  { outputs }: ExecProcess,
  over: Promise<void>,
  said: Beginning,
): Promise<void> {
  for await (const { bytes } of mergeOutputs(outputs, over)) {
    said.add(bytes);
    if (said.full) for (const output of outputs.values()) output.discard(deps.supervisor.devNull);
  }
}

/** The first bytes of a text; more is told by three dots. */
class Beginning {
  readonly #kept: Buffer[] = [];
  #room = OUTPUT_BYTES_MAX;
  #more = false;

  add(bytes: Buffer): void {
    if (this.#room > 0 && bytes.length > 0) this.#kept.push(Buffer.from(bytes.subarray(0, this.#room)));
    this.#more ||= bytes.length > this.#room;
    this.#room = Math.max(0, this.#room - bytes.length);
  }
  get full(): boolean {
    return this.#more;
  }
  text(): string {
    return `${Buffer.concat(this.#kept).toString('utf8')}${this.#more ? '...' : ''}`;
  }
}
