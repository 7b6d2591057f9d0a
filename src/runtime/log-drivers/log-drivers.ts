/** Ships containers' logs to files and log daemons, by a thread of its own that lives while there is much to ship. */
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { workerUrl } from '../../base/worker-url.ts';
import { numbersIn } from '../output/boundaries.ts';
import { RECORD_BYTES } from '../output/record.ts';
import type { OutputWriter } from '../output/writer.ts';
import { LogDelivery, type ShipThread } from './delivery.ts';
import type { FromShipper, ShipPlan, ToShipper } from './protocol.ts';
import { readState } from './state.ts';

/** How long leaving may take: the thread is told to drop everything. */
const LEAVE_MS = 2000;
/** More small deliveries a second than these are less work for the thread, which keeps their files open. */
const SMALL_PER_SECOND = 100;
/** A thread that ships nothing is kept so long for who comes next. */
const UNUSED_MS = 10_000;

/** The deliveries of all logs, and the thread that is there while it ships some of them. */
export class LogDrivers implements ShipThread {
  readonly #log: Log;
  readonly #deliveries = new Set<LogDelivery>();
  readonly #inThread = new Map<number, LogDelivery>();
  #worker: Worker | undefined;
  #unused: NodeJS.Timeout | undefined;
  #last = 0;
  #second = 0;
  #small = 0;
  #isClosed = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Begins to ship a log, from where it was left. `writer`: undefined when nobody writes it. */
  ship(plan: ShipPlan, writer: OutputWriter | undefined, isBehind: boolean): LogDelivery {
    const delivery = new LogDelivery(plan, writer, { thread: this, log: this.#log, isBehind });
    this.#deliveries.add(delivery);
    void delivery.closed.then(() => this.#deliveries.delete(delivery));
    return delivery;
  }

  take(delivery: LogDelivery): number {
    const ship = ++this.#last;
    this.#inThread.set(ship, delivery);
    clearTimeout(this.#unused);
    const worker = this.#running();
    worker.ref();
    worker.postMessage({ is: 'ship', ship, plan: delivery.plan } satisfies ToShipper);
    return ship;
  }
  post(message: ToShipper): void {
    this.#worker?.postMessage(message);
  }

  isBetter(): boolean {
    const second = Math.floor(performance.now() / 1000);
    this.#small = second === this.#second ? this.#small + 1 : 1;
    this.#second = second;
    return this.#small > SMALL_PER_SECOND;
  }

  #running(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(workerUrl('log-drivers.worker', import.meta.url), {
      name: 'log-drivers',
      // Descriptors are opened here by FFI and closed by node:fs; Node would complain of each.
      trackUnmanagedFds: false,
    });
    worker.on('message', (message: FromShipper) => this.#hear(message));
    worker.on('error', (error) => this.#log.error('log.shipping.ended', { reason: messageOf(error) }));
    worker.on('exit', () => this.#ended(worker));
    this.#worker = worker;
    return worker;
  }

  #hear(message: FromShipper): void {
    const delivery = this.#inThread.get(message.ship);
    if (message.is === 'closed') this.#inThread.delete(message.ship);
    delivery?.hear(message);
    if (this.#inThread.size > 0) return;
    this.#worker?.unref();
    clearTimeout(this.#unused);
    this.#unused = setTimeout(() => this.#giveUp(), UNUSED_MS).unref();
  }

  #giveUp(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }

  /** What the thread was delivering goes on with the next run or the next daemon: its place is on record. */
  #ended(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const delivery of this.#inThread.values()) delivery.ended();
    this.#inThread.clear();
  }

  /** Ends all deliveries where they stand. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const all = Promise.all([...this.#deliveries].map((delivery) => delivery.leave()));
    const late = new Promise<void>((resolve) => setTimeout(resolve, LEAVE_MS).unref());
    await Promise.race([all, late]);
    clearTimeout(this.#unused);
    await this.#worker?.terminate();
  }
}

/** Whether the log below `directory` has more than was shipped. */
export function isBehind(directory: string): boolean {
  const position = readState(directory)?.state.position;
  if (position === undefined) return numbersIn(directory).some((number) => recordsIn(directory, number) > 0);
  const { segment, record } = position;
  if (recordsIn(directory, segment) > record) return true;
  return numbersIn(directory).some((number) => number > segment);
}
const recordsIn = (directory: string, number: number): number =>
  Math.floor((statSync(`${directory}/${number}.idx`, { throwIfNoEntry: false })?.size ?? 0) / RECORD_BYTES);
