/** What containers use: one sampler a container, whoever asks, and none while nobody does. */
import { messageOf } from '../../../base/errors.ts';
import { formatNanos, NEVER, nowNanos } from '../../../base/time.ts';
import type { ContainerStats, CpuStats, MemoryStats } from '../../../model/stats.ts';
import { type Measured, Meter, type Task } from '../../../runtime/index.ts';
import { networkModeOf } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import type { WithCgroups, WithDirectory, WithFacts, WithLog } from '../needs.ts';
import type { StatsOptions } from '../promise.ts';

/** What samples are made of. */
export type StatsDeps = WithCgroups & WithDirectory & WithFacts<'memoryBytes'> & WithLog;

/** As often as Docker's clients expect a sample. */
const INTERVAL_MS = 1000;

type Sample = Omit<ContainerStats, 'preread' | 'precpu_stats'>;

const NO_CPU: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

/** The measurements of a container, from now on. */
export type ContainerStatsOf = (container: Container, options: StatsOptions) => AsyncIterable<ContainerStats>;

/** Starts no sampler: the first who asks does. */
export function createStats(deps: StatsDeps): ContainerStatsOf {
  const samplers = new WeakMap<Container, Sampler>();
  const samplerOf = (container: Container): Sampler => {
    const sampler = samplers.get(container) ?? new Sampler(deps, container);
    samplers.set(container, sampler);
    return sampler;
  };
  return (container, options) => {
    if (!options.stream && container.task === undefined) return only(blank(container));
    return told(samplerOf(container), options);
  };
}

async function* only(sample: Sample): AsyncGenerator<ContainerStats> {
  yield { ...sample, preread: NEVER, precpu_stats: NO_CPU };
}

async function* told(
  sampler: Sampler,
  { stream, oneShot, signal }: StatsOptions,
): AsyncGenerator<ContainerStats> {
  let before: Sample | undefined;
  for await (const sample of sampler.follow(signal)) {
    // A single answer tells what happened since the sample before it.
    if (stream || oneShot || before !== undefined)
      yield { ...sample, preread: before?.read ?? NEVER, precpu_stats: before?.cpu_stats ?? NO_CPU };
    if (!stream && (oneShot || before !== undefined)) return;
    before = sample;
  }
}

/** Nothing but whose it is: what is told of a container that does not run. */
const blank = ({ id, record }: Container): Sample => ({
  id,
  name: `/${record.name}`,
  os_type: 'linux',
  read: NEVER,
  cpu_stats: NO_CPU,
  memory_stats: {},
  pids_stats: {},
  blkio_stats: {},
  num_procs: 0,
  storage_stats: {},
});

interface Follower {
  /** The newest sample that it has not seen: one that is slow misses some. */
  next: Sample | undefined;
  /** Measuring failed: nothing more comes. */
  over: boolean;
  wake: () => void;
}

class Sampler {
  readonly #deps: StatsDeps;
  readonly #container: Container;
  readonly #followers = new Set<Follower>();
  #meter: { readonly meter: Meter; readonly task: Task } | undefined;
  #last: { readonly sample: Sample; readonly at: number } | undefined;
  #running = false;
  #timer: { readonly clear: () => void } | undefined;

  constructor(deps: StatsDeps, container: Container) {
    this.#deps = deps;
    this.#container = container;
  }

  /** Ends with `signal` and with the container. */
  async *follow(signal: AbortSignal): AsyncGenerator<Sample> {
    const fresh = this.#last !== undefined && performance.now() - this.#last.at < INTERVAL_MS;
    const follower: Follower = {
      next: fresh ? this.#last?.sample : undefined,
      over: false,
      wake: () => undefined,
    };
    const stop = () => follower.wake();
    signal.addEventListener('abort', stop);
    this.#followers.add(follower);
    if (!this.#running) void this.#run();
    try {
      while (!signal.aborted) {
        const sample = follower.next;
        follower.next = undefined;
        if (sample !== undefined) yield sample;
        else if (follower.over || this.#container.gone) return;
        else
          await new Promise<void>((resolve) => {
            follower.wake = resolve;
          });
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#followers.delete(follower);
      if (this.#followers.size === 0) this.#timer?.clear();
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      // Two samples right after another would tell nothing of the time between them.
      if (this.#last !== undefined) await this.#pause(INTERVAL_MS - (performance.now() - this.#last.at));
      while (this.#followers.size > 0 && !this.#container.gone) {
        const sample = await this.#measure();
        this.#last = { sample, at: performance.now() };
        for (const follower of this.#followers) {
          follower.next = sample;
          follower.wake();
        }
        await this.#pause(INTERVAL_MS);
      }
    } catch (error) {
      this.#deps.log.error('container.stats', { id: this.#container.id, reason: messageOf(error) });
      for (const follower of this.#followers) follower.over = true;
    }
    await this.#use(undefined);
    this.#running = false;
    for (const follower of this.#followers) follower.wake();
    // Somebody came while the files were being closed.
    if ([...this.#followers].some(({ over }) => !over) && !this.#container.gone) void this.#run();
  }

  async #pause(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    this.#timer = { clear: resolve };
    await promise;
    clearTimeout(timer);
    this.#timer = undefined;
  }

  async #measure(): Promise<Sample> {
    const { task } = this.#container;
    if (task === undefined) return blank(this.#container);
    const meter = await this.#use(task);
    const measured = await meter?.read();
    // It ended meanwhile: what was read may be half of it.
    if (measured === undefined || this.#container.task !== task) return blank(this.#container);
    return this.#sampleOf(measured);
  }

  #sampleOf({ networks, memory_stats, ...measured }: Measured): Sample {
    return {
      ...blank(this.#container),
      ...measured,
      read: formatNanos(nowNanos()),
      memory_stats: limited(memory_stats, this.#deps.facts.memoryBytes),
      ...(Object.keys(networks).length > 0 ? { networks } : {}),
    };
  }

  /** The meter of this run; that of another is closed. */
  async #use(task: Task | undefined): Promise<Meter | undefined> {
    if (this.#meter !== undefined && this.#meter.task !== task) {
      const { meter } = this.#meter;
      this.#meter = undefined;
      await meter.close();
    }
    if (task === undefined) return undefined;
    this.#meter ??= {
      task,
      meter: new Meter({
        cgroups: this.#deps.supervisor.cgroups,
        cgroupPath: task.record.cgroupPath,
        networkPid: hasOwnNetwork(this.#deps, this.#container) ? task.pid : undefined,
      }),
    };
    return this.#meter.meter;
  }
}

/** Without a limit of its own a container has the machine's memory. */
const limited = (memory: MemoryStats, machine: number): MemoryStats =>
  memory.limit !== undefined && memory.limit > machine ? { ...memory, limit: machine } : memory;

/** False with the host's network, also by way of other containers. */
function hasOwnNetwork(deps: WithDirectory, container: Container): boolean {
  const seen = new Set<Container>();
  for (let at: Container | undefined = container; at !== undefined && !seen.has(at); ) {
    seen.add(at);
    const mode = networkModeOf(at.record.hostConfig);
    if (mode.is !== 'container') return mode.is !== 'host';
    at = deps.directory.peek(mode.id);
  }
  return false;
}
