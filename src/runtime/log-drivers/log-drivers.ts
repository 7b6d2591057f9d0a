/** Ships containers' logs to files and log daemons, by a thread of its own that lives while there is something to ship. */
import { Worker } from 'node:worker_threads';
import { Failed, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { workerUrl } from '../../base/worker-url.ts';
import { numbersIn } from '../output/boundaries.ts';
import type { Follower } from '../output/followers.ts';
import { Segment } from '../output/segment.ts';
import type { OutputWriter, Position } from '../output/writer.ts';
import type { FromShipper, ShipPlan, ToShipper } from './protocol.ts';
import { readState } from './state.ts';

/** What a target may be behind before the container waits for it, as on a full pipe. */
const LAG_BYTES = 16 << 20;
/** How long the end of a run waits for its last output to be shipped; a target in trouble is not waited for. */
const FINISH_MS = 10_000;
const FINISH_IN_TROUBLE_MS = 500;
/** How long leaving may take: the thread is told to drop everything. */
const LEAVE_MS = 2000;

/** One container's log on its way. */
export class LogDelivery {
  readonly #post: (message: ToShipper) => void;
  readonly #ship: number;
  readonly #writer: OutputWriter | undefined;
  readonly #follower: Follower | undefined;
  readonly #waits: boolean;
  readonly #log: Log;
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly plan: ShipPlan;
  /** The thread is at work, and there is more since it was told. */
  #isTold = true;
  #hasGrown = false;
  #isInTrouble = false;
  #isFinishing = false;

  constructor(
    plan: ShipPlan,
    writer: OutputWriter | undefined,
    deps: { readonly ship: number; readonly post: (message: ToShipper) => void; readonly log: Log },
  ) {
    this.plan = plan;
    this.#ship = deps.ship;
    this.#post = deps.post;
    this.#log = deps.log;
    this.#writer = writer;
    this.#waits = plan.dropBeyond === undefined;
    this.#opened.promise.catch(() => undefined); // only who starts a container wants to know
    if (writer === undefined) return;
    this.#follower = writer.addShipper(LAG_BYTES, this.#waits ? 'always' : 'never');
    writer.onGrown = () => this.#grown();
  }

  /** Resolves when the target takes entries. @throws Failed with its reason when it does not at the first attempt */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Tells the thread once: until it says that it waits, it looks by itself. */
  #grown(): void {
    this.#hasGrown = this.#isTold;
    if (this.#isTold) return;
    this.#isTold = true;
    this.#post({ is: 'grown', ship: this.#ship });
  }
  #idle(): void {
    this.#isTold = false;
    if (this.#hasGrown) this.#grown();
  }

  hear(message: FromShipper): void {
    switch (message.is) {
      case 'opened':
        this.#opened.resolve();
        return;
      case 'shipped':
        this.#shipped(message.position, message.bytes);
        return;
      case 'idle':
        this.#shipped(message.position, 0);
        this.#idle();
        return;
      case 'trouble':
        this.#trouble(message.message);
        return;
      case 'well':
        this.#isInTrouble = false;
        this.#log.info('log.shipping.well', this.#fields);
        if (this.#follower && this.#waits) this.#follower.waitedFor = 'always';
        return;
      case 'dropped':
        this.#log.warn('log.shipping.dropped', { ...this.#fields, bytes: message.bytes });
        return;
      case 'warning':
        this.#log.warn('log.shipping', { ...this.#fields, reason: message.message });
        return;
      case 'closed':
        this.ended();
        return;
      default:
        message satisfies never;
    }
  }

  get #fields() {
    return { directory: this.plan.directory, target: this.plan.target.is };
  }

  #shipped(position: Position, bytes: number): void {
    const [writer, follower] = [this.#writer, this.#follower];
    if (writer === undefined || follower === undefined) return;
    const { segment, record } = writer.end;
    const isAtEnd = segment === position.segment && record === position.record;
    // What was there before counts too little, never too much: at the end both are equal.
    follower.consumed = isAtEnd ? writer.totalBytes : Math.min(writer.totalBytes, follower.consumed + bytes);
    follower.keepsFrom = position.segment;
    writer.progressed();
  }

  /** A container does not wait for a target that takes nothing; what is rotated away meanwhile is lost to it. */
  #trouble(reason: string): void {
    this.#opened.reject(new Failed(reason));
    this.#isInTrouble = true;
    this.#log.warn('log.shipping.trouble', { ...this.#fields, reason });
    if (this.#follower) this.#follower.waitedFor = 'never';
    this.#writer?.progressed();
    if (this.#isFinishing) this.#leaveIn(FINISH_IN_TROUBLE_MS);
  }

  /** Resolves when all of the log is shipped, or when that takes too long: then a later run does the rest. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    this.#post({ is: 'finish', ship: this.#ship });
    this.#leaveIn(this.#isInTrouble ? FINISH_IN_TROUBLE_MS : FINISH_MS);
    await this.#closed.promise;
  }

  /** Resolves when nothing of the log is open any more. */
  async leave(): Promise<void> {
    this.#post({ is: 'leave', ship: this.#ship });
    await this.#closed.promise;
  }
  #leaveIn(milliseconds: number): void {
    const timer = setTimeout(() => this.#post({ is: 'leave', ship: this.#ship }), milliseconds);
    void this.#closed.promise.then(() => clearTimeout(timer));
  }

  /** The thread has nothing of it any more. */
  ended(): void {
    this.#opened.reject(new Failed('the log driver was closed'));
    if (this.#writer) this.#writer.onGrown = undefined;
    if (this.#writer && this.#follower) this.#writer.removeFollower(this.#follower);
    this.#closed.resolve();
  }
}

/** The thread that ships logs, and the deliveries that it works on. */
export class LogDrivers {
  readonly #log: Log;
  readonly #shipments = new Map<number, LogDelivery>();
  #worker: Worker | undefined;
  #last = 0;
  #isClosed = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Begins to ship a log, from where it was left. `writer`: undefined when nobody writes it. */
  ship(plan: ShipPlan, writer: OutputWriter | undefined): LogDelivery {
    const ship = ++this.#last;
    const worker = this.#running();
    const shipment = new LogDelivery(plan, writer, {
      ship,
      post: (message) => worker.postMessage(message),
      log: this.#log,
    });
    this.#shipments.set(ship, shipment);
    worker.postMessage({ is: 'ship', ship, plan } satisfies ToShipper);
    void shipment.closed.then(() => {
      this.#shipments.delete(ship);
      if (this.#shipments.size === 0) worker.unref();
    });
    worker.ref();
    return shipment;
  }

  #running(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(workerUrl('log-drivers.worker', import.meta.url), {
      name: 'log-drivers',
      // Descriptors are opened here by FFI and closed by node:fs; Node would complain of each.
      trackUnmanagedFds: false,
    });
    worker.on('message', (message: FromShipper) => this.#shipments.get(message.ship)?.hear(message));
    worker.on('error', (error) => this.#log.error('log.shipping.ended', { reason: messageOf(error) }));
    worker.on('exit', () => this.#ended(worker));
    this.#worker = worker;
    return worker;
  }

  /** What the thread was delivering goes on with the next run or the next daemon: its place is on record. */
  #ended(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
    for (const shipment of this.#shipments.values()) shipment.ended();
  }

  /** Ends all shipments where they stand. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const all = Promise.all([...this.#shipments.values()].map((shipment) => shipment.leave()));
    const late = new Promise<void>((resolve) => setTimeout(resolve, LEAVE_MS).unref());
    await Promise.race([all, late]);
    await this.#worker?.terminate();
  }
}

/** Whether the log below `directory` has more than was shipped. */
export function isBehind(directory: string): boolean {
  const number = numbersIn(directory).at(-1);
  if (number === undefined) return false;
  const position = readState(directory)?.state.position;
  if (position === undefined || position.segment !== number) return true;
  const segment = Segment.open(directory, number, 'read');
  try {
    return segment.recordCount() > position.record;
  } finally {
    segment.close();
  }
}
