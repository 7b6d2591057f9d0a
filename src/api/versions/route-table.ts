/** Which routes each version has and what it changed of them, as one table for people. */
import { operationOf } from '../contract/index.ts';
import { dialectOf } from './dialects.ts';
import { legacyRoutes } from './legacy/routes.ts';
import { documented } from './openapi.ts';
import { minorOf } from './step.ts';
import { steps } from './steps.ts';

interface Row {
  readonly route: string;
  readonly from: number;
  /** Undefined: the newest version has it. */
  readonly until?: number | undefined;
}

/** The table as Markdown, by path. */
export function routeTable(): string {
  const rows = [
    ...served(),
    ...legacyRoutes.map(({ route, lastMinor }) => ({ route, from: 0, until: lastMinor })),
  ];
  rows.sort((a, b) => compare(pathOf(a.route), pathOf(b.route)) || compare(a.route, b.route));
  return [
    '| route | versions | requests changed | answers changed |',
    '| --- | --- | --- | --- |',
    ...rows.map(lineOf),
  ].join('\n');
}

function served(): Row[] {
  const minors = new Map<string, number[]>();
  for (const { version } of steps)
    for (const operation of documented(dialectOf(version))) {
      const { route } = operationOf(operation);
      minors.set(route, [...(minors.get(route) ?? []), minorOf(version)]);
    }
  const newest = steps.length - 1;
  return [...minors].map(([route, had]) => {
    const until = had.at(-1);
    return { route, from: had[0] ?? 0, until: until === newest ? undefined : until };
  });
}

function lineOf({ route, from, until }: Row): string {
  const there = until === undefined ? `1.${from} on` : `1.${from}–1.${until}`;
  return `| \`${route}\` | ${there} | ${changes(route, from, ['requests'])} | ${changes(route, from, ['responses', 'messages'])} |`;
}

/** The versions that changed one of these sides, each a link to what it changed. */
function changes(
  route: string,
  from: number,
  sides: readonly ('requests' | 'responses' | 'messages')[],
): string {
  const changed = steps.filter(
    (step) =>
      minorOf(step.version) > from &&
      sides.some(
        (side) =>
          ((step[side] as Readonly<Record<string, readonly unknown[]>> | undefined)?.[route] ?? []).length >
          0,
      ),
  );
  return changed
    .map(({ version }) => `[${version}](api-changelog.md#${version.replace('.', '')})`)
    .join(', ');
}

const pathOf = (route: string): string => route.slice(route.indexOf(' ') + 1);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
