/** The dialects of all versions: one a minor version, made when it is first asked for. */
import { requestFailure } from '../../model/failures/request.ts';
import { NEWEST, OLDEST } from '../contract/index.ts';
import { Dialect } from './dialect.ts';
import { minorOf } from './step.ts';
import { steps } from './steps.ts';

const newestMinor = minorOf(NEWEST);
/** One dialect a minor version, made when it is first asked for. */
const dialects: (Dialect | undefined)[] = [];

/** The dialect of the newest version. */
export const newestDialect = (): Dialect => ofMinor(newestMinor);

/** It took away what everybody had read for ten years: `NetworkSettings.IPAddress`, an event's `status`. */
const LONG_READ_UNTIL = '1.52';
let unversioned: Dialect | undefined;

/**
 * The newest version, and in its answers also what 1.52 left out. Who names no version was written for the engine of the
 * day, whichever that was: it finds what it learnt to read.
 */
function unversionedDialect(): Dialect {
  unversioned ??= new Dialect(
    NEWEST,
    steps,
    steps.filter(({ version }) => version === LONG_READ_UNTIL),
  );
  return unversioned;
}

/**
 * The dialect of `/v1.24/…`'s `1.24`. Undefined: no prefix, the newest and what was read before it. Above ours: the newest, never an error.
 * @throws InvalidArgument below the first version, which was never published
 */
export function dialectOf(version: string | undefined): Dialect {
  if (version === undefined) return unversionedDialect();
  const [major = 0, minor = 0] = version.split('.').map((part) => Number(part || 0));
  if (major < 1) throw requestFailure.versionTooOld({ version, oldest: OLDEST });
  return ofMinor(major > 1 ? newestMinor : Math.min(minor, newestMinor));
}

function ofMinor(minor: number): Dialect {
  dialects[minor] ??= new Dialect(`1.${minor}`, steps);
  return dialects[minor];
}
