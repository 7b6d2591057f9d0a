/** The table version × endpoint, and what did not hold. */
import { contract, spans } from './contract.ts';
import type { Outcome } from './run.ts';

/** `ok` with the number of checks, what failed, what was skipped, or that the version has no such endpoint. */
function cell(outcomes: readonly Outcome[], id: string, minor: number): string {
  const here = outcomes.filter((each) => each.endpoint === id && each.minor === minor);
  const count = (is: Outcome['is']) => here.filter((each) => each.is === is).length;
  if (count('failed') > 0) return `✗${count('failed')}`;
  if (here.length === 0) return spans(contract[id]?.span ?? [0, null], minor) ? '?' : '·';
  return count('passed') > 0 ? String(count('passed')) : '–';
}

/** One row an endpoint, one column a version: checks that passed, `✗` failed, `–` skipped, `·` not in the version. */
export function table(outcomes: readonly Outcome[], minors: readonly number[]): string {
  const ids = Object.keys(contract);
  const wide = Math.max(...ids.map((id) => id.length));
  const head = `${''.padEnd(wide)} ${minors.map((minor) => String(minor).padStart(3)).join('')}`;
  const rows = ids.map(
    (id) => `${id.padEnd(wide)} ${minors.map((minor) => cell(outcomes, id, minor).padStart(3)).join('')}`,
  );
  return [head, ...rows].join('\n');
}

const span = (minors: readonly number[]): string => {
  const sorted = [...minors].sort((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  const whole = sorted.length === Number(last) - Number(first) + 1;
  return whole && sorted.length > 1 ? `1.${first}–1.${last}` : sorted.map((minor) => `1.${minor}`).join(' ');
};

/** Outcomes of one kind, those of one check and reason in one line. */
export function lines(outcomes: readonly Outcome[], is: Outcome['is']): readonly string[] {
  const groups = new Map<string, { readonly of: Outcome; readonly minors: number[] }>();
  for (const each of outcomes.filter((one) => one.is === is)) {
    const key = `${each.endpoint} ${each.what} ${is === 'failed' ? each.why : ''}`;
    const group = groups.get(key) ?? { of: each, minors: [] };
    group.minors.push(each.minor);
    groups.set(key, group);
  }
  return [...groups.values()].map(
    ({ of, minors }) =>
      `${of.endpoint} (${span(minors)}): ${of.what}\n    ${of.why.replaceAll('\n', '\n    ')}`,
  );
}
