/**
 * One container's log on its way to its driver. Log daemons are served by the thread, from the start of the run to its
 * end. A file costs nothing while nothing is written: a little is put there from this thread a moment after it was
 * written, and only a log that grows fast, or goes on and on, has the thread to itself until it rests again.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { Failed, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Follower } from '../output/followers.ts';
import type { OutputWriter, Position } from '../output/writer.ts';
import type { JsonFileTarget } from './json-file.ts';
import type { FromShipper, ShipNews, ShipPlan, ToShipper } from './protocol.ts';
import { LOG_MODE } from './rotation.ts';

/** What a target may be behind before the container waits for it, as on a full pipe. */
const LAG_BYTES = 16 << 20;
/** How long the end of a run waits for its last output to be shipped; a target in trouble is not waited for. */
const FINISH_MS = 10_000;
const FINISH_IN_TROUBLE_MS = 500;
/** A file is this much behind its log: what is written within it goes there together. */
const LOOK_MS = 100;
/** More than this is for the thread: this one serves requests. */
const HERE_BYTES = 128 << 10;
/** A log that was put into its file so often, each time this soon after the last, keeps the thread busy instead. */
const HERE_TIMES = 20;
const HERE_SOON_MS = 1_000;
/** What the thread had nothing to do for so long leaves it. */
const REST_MS = 10_000;

/** The thread, as a delivery knows it. */
export interface ShipThread {
  /** Begins to ship in the thread; news come by {@link LogDelivery.hear}. Gives the number of the delivery there. */
  take(delivery: LogDelivery): number;
  post(message: ToShipper): void;
  /** Asked before a little is shipped without the thread: so much is, of all logs, that the thread had better do it. */
  isBetter(): boolean;
}

type FilePlan = ShipPlan & { readonly target: JsonFileTarget };
const isOfFile = (plan: ShipPlan): plan is FilePlan => plan.target.is === 'json-file';

/** One container's log on its way. */
export class LogDelivery {
  readonly plan: ShipPlan;
  readonly #thread: ShipThread;
  readonly #writer: OutputWriter | undefined;
  readonly #follower: Follower | undefined;
  readonly #waits: boolean;
  readonly #log: Log;
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  /** Its number in the thread; undefined: it is not there. */
  #ship: number | undefined;
  /** The thread is at work and looks by itself; `#hasGrown`: there is more since it was told, or since it was left. */
  #isTold = false;
  #hasGrown = false;
  #isInTrouble = false;
  #ending: 'finish' | 'leave' | undefined;
  #isOver = false;
  #look: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;
  /** It is leaving the thread, to rest. */
  #resting: PromiseWithResolvers<void> | undefined;
  #here: Promise<void> | undefined;
  #stopHere = new AbortController();
  #hereTimes = 0;
  #hereLast = 0;

  /** `isBehind`: there is already something to ship. */
  constructor(
    plan: ShipPlan,
    writer: OutputWriter | undefined,
    deps: { readonly thread: ShipThread; readonly log: Log; readonly isBehind: boolean },
  ) {
    this.plan = plan;
    this.#thread = deps.thread;
    this.#log = deps.log;
    this.#writer = writer;
    this.#waits = plan.dropBeyond === undefined;
    this.#opened.promise.catch(() => undefined); // only who starts a container wants to know
    if (writer) {
      this.#follower = writer.addShipper(LAG_BYTES, this.#waits ? 'always' : 'never');
      writer.onGrown = () => this.#grown();
    }
    if (!isOfFile(plan) || deps.isBehind) this.#board();
    else this.#openFile(plan.target.path);
  }

  /** Whoever looks for the file finds it from the start on. */
  #openFile(path: string): void {
    try {
      closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, LOG_MODE));
      this.#opened.resolve();
    } catch (error) {
      this.#opened.reject(new Failed(messageOf(error)));
    }
  }

  /** Resolves when the target takes entries. @throws Failed with its reason when it does not at the first attempt */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Into the thread. */
  #board(): void {
    clearTimeout(this.#look);
    this.#look = undefined;
    this.#isTold = true;
    this.#hasGrown = false;
    this.#ship = this.#thread.take(this);
  }

  #grown(): void {
    this.#hasGrown = true;
    if (this.#resting) return;
    if (this.#ship !== undefined) {
      if (!this.#isTold) this.#tellGrown(this.#ship);
    } else if (this.#behind <= HERE_BYTES) this.#lookSoon();
    else if (this.#here) this.#stopHere.abort();
    else this.#board();
  }
  /** The thread is told once: until it says that it waits, it looks by itself. */
  #tellGrown(ship: number): void {
    this.#isTold = true;
    this.#hasGrown = false;
    clearTimeout(this.#rest);
    this.#thread.post({ is: 'grown', ship });
  }
  #idle(): void {
    this.#isTold = false;
    if (this.#ship === undefined || this.#ending !== undefined) return;
    if (this.#hasGrown) this.#tellGrown(this.#ship);
    else if (isOfFile(this.plan)) this.#rest = setTimeout(() => this.#goToRest(), REST_MS).unref();
  }
  #goToRest(): void {
    this.#resting = Promise.withResolvers();
    this.#leaveThread();
  }

  get #behind(): number {
    return (this.#writer?.totalBytes ?? 0) - (this.#follower?.consumed ?? 0);
  }

  #lookSoon(): void {
    if (this.#look === undefined && this.#here === undefined && this.#ending === undefined)
      this.#look = setTimeout(() => this.#shipSome(), LOOK_MS);
  }
  #shipSome(): void {
    this.#look = undefined;
    const now = performance.now();
    this.#hereTimes = now - this.#hereLast < HERE_SOON_MS ? this.#hereTimes + 1 : 0;
    this.#hereLast = now;
    if (this.#hereTimes >= HERE_TIMES || this.#thread.isBetter()) this.#board();
    else void this.#shipHere();
  }

  /** From this thread, until nothing is left; what cannot be written here is the thread's to try again. */
  #shipHere(): Promise<void> {
    this.#here ??= this.#putIntoFile().finally(() => {
      this.#here = undefined;
      if (this.#hasGrown && this.#ship === undefined) this.#lookSoon();
    });
    return this.#here;
  }
  async #putIntoFile(): Promise<void> {
    if (!isOfFile(this.plan)) return;
    const { shipHere } = await import('./here.ts');
    this.#hasGrown = false;
    this.#stopHere = new AbortController();
    const isWell = await shipHere(this.plan, (news) => this.#hearNews(news), this.#stopHere.signal).catch(
      () => false,
    );
    if (!isWell && this.#ending !== 'leave') this.#board();
  }

  /** What the thread says. */
  hear(message: FromShipper): void {
    if (message.ship !== this.#ship) return;
    if (message.is === 'closed') this.#left();
    else this.#hearNews(message);
  }

  #hearNews(news: ShipNews): void {
    switch (news.is) {
      case 'opened':
        this.#opened.resolve();
        return;
      case 'shipped':
        this.#shipped(news.position, news.bytes);
        return;
      case 'idle':
        this.#shipped(news.position, 0);
        this.#idle();
        return;
      case 'trouble':
        this.#trouble(news.message);
        return;
      case 'well':
        this.#isInTrouble = false;
        this.#log.info('log.shipping.well', this.#fields);
        if (this.#follower && this.#waits) this.#follower.waitedFor = 'always';
        return;
      case 'dropped':
        this.#log.warn('log.shipping.dropped', { ...this.#fields, bytes: news.bytes });
        return;
      case 'warning':
        this.#log.warn('log.shipping', { ...this.#fields, reason: news.message });
        return;
      default:
        news satisfies never;
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
    if (this.#ending === 'finish') this.#leaveIn(FINISH_IN_TROUBLE_MS);
  }

  /** Resolves when all of the log is shipped, or when that takes too long: then a later run does the rest. */
  async finish(): Promise<void> {
    this.#ending = 'finish';
    await this.#settled();
    if (this.#ship === undefined && this.#hasGrown && this.#behind <= HERE_BYTES) await this.#shipHere();
    if (this.#ship === undefined && this.#hasGrown && !this.#isOver) this.#board();
    if (this.#ship === undefined) this.ended();
    else {
      this.#thread.post({ is: 'finish', ship: this.#ship });
      this.#leaveIn(this.#isInTrouble ? FINISH_IN_TROUBLE_MS : FINISH_MS);
    }
    await this.#closed.promise;
  }

  /** Resolves when nothing of the log is open any more. */
  async leave(): Promise<void> {
    this.#ending = 'leave';
    this.#stopHere.abort();
    await this.#settled();
    if (this.#ship === undefined) this.ended();
    else this.#leaveThread();
    await this.#closed.promise;
  }
  async #settled(): Promise<void> {
    clearTimeout(this.#look);
    clearTimeout(this.#rest);
    await this.#here;
    await this.#resting?.promise;
  }
  #leaveIn(milliseconds: number): void {
    const timer = setTimeout(() => this.#leaveThread(), milliseconds);
    void this.#closed.promise.then(() => clearTimeout(timer));
  }
  #leaveThread(): void {
    if (this.#ship !== undefined) this.#thread.post({ is: 'leave', ship: this.#ship });
  }

  /** The thread has closed it: it rests, or it is at its end. */
  #left(): void {
    const resting = this.#resting;
    if (resting === undefined) {
      this.ended();
      return;
    }
    this.#resting = undefined;
    this.#ship = undefined;
    this.#hereTimes = 0;
    resting.resolve();
    if (this.#hasGrown) this.#lookSoon();
  }

  /** Nothing ships it any more. */
  ended(): void {
    this.#isOver = true;
    this.#ship = undefined;
    this.#opened.reject(new Failed('the log driver was closed'));
    clearTimeout(this.#look);
    clearTimeout(this.#rest);
    this.#resting?.resolve();
    if (this.#writer) this.#writer.onGrown = undefined;
    if (this.#writer && this.#follower) this.#writer.removeFollower(this.#follower);
    this.#closed.resolve();
  }
}
