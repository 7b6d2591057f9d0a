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

/**
 * The dialect of `/v1.24/…`'s `1.24`. Undefined: no prefix, the newest. Above ours: the newest, never an error.
 * @throws InvalidArgument below the first version, which was never published
 */
export function dialectOf(version: string | undefined): Dialect {
  if (version === undefined) return newestDialect();
  const [major = 0, minor = 0] = version.split('.').map((part) => Number(part || 0));
  if (major < 1) throw requestFailure.versionTooOld({ version, oldest: OLDEST });
  return ofMinor(major > 1 ? newestMinor : Math.min(minor, newestMinor));
}

function ofMinor(minor: number): Dialect {
  dialects[minor] ??= new Dialect(`1.${minor}`, steps);
  return dialects[minor];
}
