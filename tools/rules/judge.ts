/** Findings against the exceptions: what is wrong in the end. */
import type { Exception } from './exceptions.ts';
import { type Finding, lineOf, type RuleName } from './finding.ts';

/** How many findings no exception covers, by rule and room. */
export type Counts = Readonly<Partial<Record<RuleName, Readonly<Record<string, number>>>>>;

/** What the exceptions make of the findings. */
export interface Judgement {
  /** Lines for people; empty when the house is in order. */
  readonly wrong: readonly string[];
  readonly counts: Counts;
}

/** What is wrong: findings that nothing covers, and exceptions that cover nothing. */
export function judge(findings: readonly Finding[], exceptions: readonly Exception[]): Judgement {
  const idle = exceptions.filter((one) => !findings.some((finding) => covers(one, finding)));
  const left = findings.filter((finding) => !exceptions.some((one) => covers(one, finding)));
  const counts: Partial<Record<RuleName, Record<string, number>>> = {};
  for (const [rule, ofRule] of Map.groupBy(left, (finding) => finding.rule))
    for (const [room, group] of Map.groupBy(ofRule, ({ path }) => roomOf(path)))
      counts[rule] = { ...counts[rule], [room]: group.length };
  const needless = idle.map(
    ({ rule, path, name }) =>
      `${path}: ${rule}: the exception ${name ?? 'for this file'} is needed no longer`,
  );
  return { wrong: [...needless, ...left.map(lineOf)], counts };
}

const covers = (one: Exception, { rule, path, name }: Finding): boolean =>
  one.rule === rule && one.path === path && (one.name === undefined || one.name === name);

/** The room of a path, and for what stands in none its first folder. */
function roomOf(path: string): string {
  const parts = path.split('/');
  return parts
    .slice(0, Math.min(path.startsWith('src/api/') ? 3 : 2, Math.max(parts.length - 1, 1)))
    .join('/');
}
