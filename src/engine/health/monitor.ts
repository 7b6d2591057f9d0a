/** Probes a container as its health check says, from the start of a run to its end, and tells when its health changes. */
import { messageOf } from '../../base/errors.ts';
import type { Health } from '../../model/container.ts';
import type { Container } from '../containers/container.ts';
import { emitContainerEvent } from '../containers/events.ts';
import type { HealthChecks } from '../containers/needs.ts';
import { isAlive } from '../containers/state.ts';
import { type ProbeDeps, probe } from './probe.ts';
import { type Check, judge, type ProbeResult, pauseMs, readCheck, starting } from './verdict.ts';

/** Health checks as containers begin and end them. */
export function createHealthChecks(deps: ProbeDeps): HealthChecks {
  const acts: ((container: Container) => void)[] = [];
  const unhealthy = (container: Container): void => acts.forEach((act) => act(container));
  return {
    begin: (container, options) => beginHealth({ ...deps, unhealthy }, container, options),
    end: endHealth,
    whenUnhealthy: (act) => void acts.push(act),
  };
}

type MonitorDeps = ProbeDeps & { readonly unhealthy: (container: Container) => void };

/**
 * Begins when a run begins (`fresh`), when a paused one goes on, or when a daemon finds one: then what was known of its
 * health still holds.
 */
function beginHealth(deps: MonitorDeps, container: Container, { fresh }: { readonly fresh: boolean }): void {
  container.monitor?.stop();
  const { config, health } = container.record;
  const check = readCheck(config.Healthcheck, config.Shell);
  if (check === undefined) return;
  if (fresh || health === undefined) container.set({ health: starting(health) });
  container.monitor = new Monitor(deps, container, check, fresh ? 0 : ranMsOf(container));
}

/** At the end of a run, and while it is paused: nobody vouches for it. The caller saves the record. */
function endHealth(container: Container): void {
  if (container.monitor === undefined) return;
  container.monitor.stop();
  container.monitor = undefined;
  const { health } = container.record;
  if (health) container.set({ health: { ...health, Status: 'unhealthy' } });
}

/** How long a run that began before this monitor has lasted, as far as the wall clock can tell. */
function ranMsOf({ record: { state } }: Container): number {
  return isAlive(state) ? Math.max(0, Date.now() - Date.parse(state.startedAt)) : 0;
}

class Monitor {
  readonly #deps: MonitorDeps;
  readonly #container: Container;
  readonly #check: Check;
  readonly #over = new AbortController();
  /** When the run began, by the clock that nobody sets. */
  readonly #startedAt: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: MonitorDeps, container: Container, check: Check, ranMs: number) {
    this.#deps = deps;
    this.#container = container;
    this.#check = check;
    this.#startedAt = performance.now() - ranMs;
    this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#over.abort();
  }

  #wait(): void {
    const { health } = this.#container.record;
    if (health === undefined || this.#over.signal.aborted) return;
    const milliseconds = pauseMs(health, this.#check, performance.now() - this.#startedAt);
    this.#timer = setTimeout(() => void this.#probe(), milliseconds).unref();
  }

  async #probe(): Promise<void> {
    const begun = performance.now();
    const { task } = this.#container;
    const result = await probe(this.#deps, this.#container, this.#check, this.#over.signal);
    // What was cut off says nothing of the container.
    if (this.#over.signal.aborted) return;
    // The end of a container cuts its probe off too, and is heard of after it.
    if (result.ExitCode !== 0 && task?.ending) return this.#wait();
    await this.#hear(result, begun - this.#startedAt).catch((error: unknown) =>
      this.#deps.log.error('health.unsaved', { id: this.#container.id, reason: messageOf(error) }),
    );
    this.#wait();
  }

  /** A change is on record before it is told; the results alone are not worth a write each. */
  async #hear(result: ProbeResult, sinceStartMs: number): Promise<void> {
    const before: Health = this.#container.record.health ?? starting(undefined);
    const health = judge(before, result, this.#check, sinceStartMs);
    if (health.Status === before.Status) this.#container.set({ health });
    else {
      await this.#container.save({ health });
      emitContainerEvent(this.#deps, this.#container, `health_status: ${health.Status}`);
    }
    if (health.Status === 'unhealthy') this.#deps.unhealthy(this.#container);
  }
}
