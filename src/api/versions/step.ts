/** A version of the API as the difference to the one before it. */
import type { KnownRoute } from '../contract/index.ts';
import type { FailureLens } from './failure.ts';
import type { Lens } from './lens.ts';
import type { ShapeChange } from './shape.ts';
import type { Traits } from './traits.ts';

/** A version as clients write it. */
export type Version = `1.${number}`;
/** Lenses by the route whose documents they change. */
export type Lenses = Readonly<Partial<Record<KnownRoute, readonly Lens[]>>>;

/** One message of a stream in the older form; undefined: older clients do not get it. */
export interface MessageLens {
  readonly note: string;
  /** The schema of a newer message → that of an older one; `none`: some are left out, the others look the same. */
  readonly shape: ShapeChange;
  /** `down` puts back what the newer version left out, and changes nothing else. */
  readonly restores?: true;
  down(message: Record<string, unknown>): Record<string, unknown> | undefined;
}

/** Lenses of messages by the route that sends them. */
export type Messages = Readonly<Partial<Record<KnownRoute, readonly MessageLens[]>>>;

/** Everything that a version changed. */
export interface Step {
  readonly version: Version;
  readonly summary: string;
  /** Routes that came with this version, whether or not Gantry serves them yet. */
  readonly adds?: readonly string[];
  /** Routes that this version no longer has. */
  readonly removes?: readonly string[];
  readonly requests?: Lenses;
  readonly responses?: Lenses;
  readonly messages?: Messages;
  /** In the order in which they apply to a failure of this version on its way to the one before. */
  readonly failures?: readonly FailureLens[];
  /** How the front door behaved before this version. */
  readonly before?: Partial<Traits>;
}

/** Declares a version. */
export const step = (version: Version, rest: Omit<Step, 'version'>): Step => ({ version, ...rest });

/** A version is a pair, never a decimal: 1.10 comes after 1.9. */
export const minorOf = (version: Version): number => Number(version.slice(2));
