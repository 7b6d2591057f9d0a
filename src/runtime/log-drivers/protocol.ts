/** What the main thread and the log driver thread say to each other. */
import type { Position } from '../output/writer.ts';
import type { GelfTarget } from './gelf.ts';
import type { JournaldTarget } from './journald.ts';
import type { JsonFileTarget } from './json-file.ts';
import type { Sink, SinkDeps } from './sink.ts';
import type { SyslogTarget } from './syslog.ts';

/** Where a log is shipped to, by its driver. */
export type ShipTarget = GelfTarget | JournaldTarget | JsonFileTarget | SyslogTarget;

/** The way to a target. */
export type OpenSink = (target: ShipTarget, deps: SinkDeps) => Sink;

/** All that delivering one container's log needs. Plain data. */
export interface ShipPlan {
  /** Where the log's segments lie. */
  readonly directory: string;
  readonly target: ShipTarget;
  /** In non-blocking mode: bytes behind from which on output is lost to the target. */
  readonly dropBeyond: number | undefined;
}

/** What the main thread tells the shipping thread; `ship` is the number of the delivery. */
export type ToShipper =
  | { readonly is: 'ship'; readonly ship: number; readonly plan: ShipPlan }
  /** There is more to read. */
  | { readonly is: 'grown'; readonly ship: number }
  /** Nothing more will come: ship what is there, then close. */
  | { readonly is: 'finish'; readonly ship: number }
  /** Close now; what was not shipped is so another time. */
  | { readonly is: 'leave'; readonly ship: number };

/** What a shipper tells of its work, each as soon as it happened. */
export type ShipNews =
  | { readonly is: 'opened' }
  /** `position`: what is before it is on record as shipped. `bytes`: how many came with this step. */
  | { readonly is: 'shipped'; readonly position: Position; readonly bytes: number }
  /** Nothing more is there: it waits to be told. */
  | { readonly is: 'idle'; readonly position: Position }
  /** The target takes nothing now. */
  | { readonly is: 'trouble'; readonly message: string }
  | { readonly is: 'well' }
  | { readonly is: 'dropped'; readonly bytes: number }
  | { readonly is: 'warning'; readonly message: string };

/** What the shipping thread tells the main thread of a delivery. */
export type FromShipper = (ShipNews | { readonly is: 'closed' }) & { readonly ship: number };
