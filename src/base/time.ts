/** Points in time with nanoseconds, as `bigint` since 1970, and their RFC 3339 spelling (Go's RFC3339Nano). */

/** Nanoseconds since 1970. */
export type Nanos = bigint;

/** The longest that a timer can be set to: one that is set to more runs off at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** What the API writes for "never" (Go's zero time). */
export const NEVER = '0001-01-01T00:00:00Z';

/** What the monotonic clock's zero is on the wall clock; known from the first question on, as a browser never asks. */
let originNanos: bigint | undefined;

/** The wall clock in nanoseconds. Monotonic within the millisecond; follows steps of the system clock. */
export function nowNanos(): Nanos {
  const before = process.hrtime.bigint();
  const wallMs = Date.now();
  originNanos ??= BigInt(wallMs) * 1_000_000n - before;
  const fine = originNanos + before;
  const drift = BigInt(wallMs) * 1_000_000n - fine;
  // A step or drift of more than 2 ms is the system clock's: take it over, unless we were put off between the two clocks.
  if ((drift > 2_000_000n || drift < -2_000_000n) && process.hrtime.bigint() - before < 1_000_000n) {
    originNanos += drift;
    return fine + drift;
  }
  return fine;
}

/** `2026-11-22T15:04:05.000000001Z`; trailing zeros of the fraction are dropped, as Go's RFC3339Nano does. */
export function formatNanos(at: Nanos): string {
  const seconds = at / 1_000_000_000n;
  const nanos = at % 1_000_000_000n;
  const head = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  if (nanos === 0n) return `${head}Z`;
  return `${head}.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}Z`;
}

/** Like {@link formatNanos} but always nine digits: the form of log time stamps. */
export function formatNanosFixed(at: Nanos): string {
  const seconds = at / 1_000_000_000n;
  const head = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${head}.${(at % 1_000_000_000n).toString().padStart(9, '0')}Z`;
}

/** Reads RFC 3339 with up to nine digits and any zone. Undefined when it is not a time. */
export function parseRfc3339(text: string): Nanos | undefined {
  const parts = /^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|z|[+-]\d\d:\d\d)$/.exec(text);
  if (!parts) return undefined;
  const zone = parts[3] === 'z' ? 'Z' : parts[3];
  const millis = Date.parse(`${parts[1]?.replace(/[t ]/, 'T')}${zone}`);
  if (Number.isNaN(millis)) return undefined;
  return BigInt(millis) * 1_000_000n + BigInt((parts[2] ?? '').padEnd(9, '0'));
}

/** Reads `seconds[.fraction]` as the API's `since` and `until` send it. Undefined when it is not a number. */
export function parseUnixSeconds(text: string): Nanos | undefined {
  const parts = /^(-?)(\d{1,12})(?:\.(\d*))?$/.exec(text);
  if (!parts) return undefined;
  const value = BigInt(parts[2] ?? 0) * 1_000_000_000n + BigInt((parts[3] ?? '').slice(0, 9).padEnd(9, '0'));
  return parts[1] ? -value : value;
}
