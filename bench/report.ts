/** The printed result: medians side by side, ratios to Gantry, goals. Pure. */
import { goals } from './goals.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { figure, median, quantile } from './statistics.ts';

/** Samples by peer, then by row. */
export type Samples = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

const OURS = 'gantry';

/** Text columns, the first to the left and the others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One scenario: a line a row, a column a peer; below a peer's median stands how many times Gantry's it is. */
export function reportScenario(
  scenario: Scenario,
  samples: Samples,
  missing: ReadonlyMap<string, string>,
): string {
  const peers = [...samples.keys()];
  const names = [...new Set(peers.flatMap((peer) => [...(samples.get(peer)?.keys() ?? [])]))];
  const of = (peer: string, row: string): readonly number[] => samples.get(peer)?.get(row) ?? [];
  const head = ['', ...peers, ...peers.filter((peer) => peer !== OURS).map((peer) => `${peer}/${OURS}`)];
  const lines = names.map((row) => {
    const ours = median(of(OURS, row));
    const ratio = (peer: string): string => (ours > 0 ? `${figure(median(of(peer, row)) / ours)}×` : '–');
    return [
      row,
      ...peers.map((peer) => figure(median(of(peer, row)))),
      ...peers.filter((p) => p !== OURS).map(ratio),
    ];
  });
  const spread = peers.map((peer) => {
    const first = of(peer, names[0] ?? '');
    return `${peer} ${first.length} rounds, 10–90 %: ${figure(quantile(first, 0.1))}–${figure(quantile(first, 0.9))}`;
  });
  const absent = [...missing].map(([peer, why]) => `${peer} did not take part: ${why.split('\n')[0]}`);
  const text = [`\n## ${scenario.title} (${scenario.unit}, medians)`, table([head, ...lines])];
  return [
    ...text,
    ...(scenario.rounds > 1 ? [spread.join(' · ')] : []),
    ...absent,
    ...judge(scenario, samples),
  ].join('\n');
}

/** A sentence for each goal of the scenario whose peers took part. */
export function judge(scenario: Pick<Scenario, 'name'>, samples: Samples): string[] {
  return goals
    .filter((goal) => goal.scenario === scenario.name)
    .flatMap((goal) => {
      const ours = median(samples.get(OURS)?.get(goal.row) ?? []);
      const base = goal.peer === 'itself' ? 1 : median(samples.get(goal.peer)?.get(goal.row) ?? []);
      if (Number.isNaN(ours) || Number.isNaN(base)) return [];
      const limit = base * goal.factor;
      const times =
        goal.factor < 1 ? `${goal.peer}/${figure(1 / goal.factor)}` : `${goal.factor} × ${goal.peer}`;
      const wanted = goal.peer === 'itself' ? figure(limit) : `${times} = ${figure(limit)}`;
      return [`goal ${ours <= limit ? 'met' : 'MISSED'}: ${goal.row} ${figure(ours)} ≤ ${wanted}`];
    });
}
