/** Limits of a process (`ulimit`) as the kernel takes them, and its score for the out-of-memory killer. Pure. */
import type { HostConfig } from '../../model/container.ts';
import type { Rlimit } from '../../runtime/index.ts';

/** What a daemon may give to processes. */
export interface LimitRights {
  /** Its own hard limits by name; those without a limit are left out. */
  readonly hardLimits: ReadonlyMap<string, number>;
  readonly defaultUlimits: ReadonlyMap<string, { readonly soft: number; readonly hard: number }>;
  /** With CAP_SYS_RESOURCE it may exceed its own limits. */
  readonly canRaiseLimits: boolean;
  /** The nearest score for the out-of-memory killer to `asked` that it may set. */
  readonly settableOomScore: (asked: number) => number;
}

/** RLIM_INFINITY: all ones in 64 bits (getrlimit(2)). */
const UNLIMITED = 2n ** 64n - 1n;

/**
 * The daemon's defaults with the client's own over them; -1 is no limit. One above this daemon's own cannot be given
 * without CAP_SYS_RESOURCE: it is cut, and `warnings` get a line, but nothing is refused.
 */
export function rlimitsOf(
  host: Pick<HostConfig, 'Ulimits'>,
  rights: Omit<LimitRights, 'settableOomScore'>,
  warnings: string[],
): Rlimit[] {
  const asked = new Map(rights.defaultUlimits);
  for (const { Name, Soft, Hard } of host.Ulimits ?? []) asked.set(Name, { soft: Soft, hard: Hard });
  return [...asked].map(([name, { soft, hard }]) => {
    const own = rights.canRaiseLimits ? undefined : rights.hardLimits.get(name);
    const most = own === undefined ? UNLIMITED : BigInt(own);
    const wanted = exact(hard);
    if (wanted > most) warnings.push(`ulimit ${name}: ${hard} is cut to ${most}, this daemon's own limit`);
    const given = least(wanted, most);
    return { type: `RLIMIT_${name.toUpperCase()}`, soft: least(exact(soft), given), hard: given };
  });
}

const exact = (limit: number): bigint => (limit < 0 ? UNLIMITED : BigInt(limit));
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/**
 * The score to set: as asked, or the lowest that this daemon may set, with a line for `warnings`. Without a wish it is
 * 0, as dockerd has it: a container does not share the protection that the daemon itself may have.
 */
export function oomScoreOf(
  { OomScoreAdj }: Pick<HostConfig, 'OomScoreAdj'>,
  { settableOomScore }: Pick<LimitRights, 'settableOomScore'>,
  warnings: string[],
): number {
  const given = settableOomScore(OomScoreAdj ?? 0);
  if (OomScoreAdj && given !== OomScoreAdj)
    warnings.push(`oom score ${OomScoreAdj} is raised to ${given}, the lowest that this daemon may set`);
  return given;
}
