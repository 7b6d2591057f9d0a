/** What Gantry must reach, against each of the peers of the same run: the best of them counts. */
export interface Goal {
  readonly scenario: string;
  readonly row: string;
  /** Gantry's figure must be at most this many times the peer's; 'itself': at most `factor` outright. */
  readonly peer: 'dockerd' | 'dockerd-26' | 'podman' | 'crun' | 'itself';
  readonly factor: number;
}

/** The same against each of the two engines. */
const ofBoth = (scenario: string, row: string, factor: number): Goal[] =>
  (['dockerd', 'podman'] as const).map((peer) => ({ scenario, row, peer, factor }));

export const goals: readonly Goal[] = [
  { scenario: 'run', row: 'total', peer: 'dockerd', factor: 1 / 13 },
  { scenario: 'run', row: 'total', peer: 'podman', factor: 1 / 4 },
  { scenario: 'run', row: 'total', peer: 'crun', factor: 1.3 },
  ...ofBoth('exec', 'total', 1 / 3),
  ...ofBoth('copy', 'put 100 MB', 1 / 1.5),
  ...ofBoth('copy', 'get 100 MB', 1 / 4),
  ...ofBoth('copy', 'put files', 1 / 2.5),
  ...ofBoth('copy', 'get files', 1 / 2),
  ...ofBoth('commit', 'total', 1 / 4),
  { scenario: 'memory', row: 'processes per container', peer: 'itself', factor: 0 },
  { scenario: 'memory', row: 'per container', peer: 'itself', factor: 0.1 },
  { scenario: 'memory', row: 'idle engine', peer: 'itself', factor: 60 },
  ...ofBoth('logs', 'write', 1 / 1.5),
  ...ofBoth('logs', 'read', 1 / 8),
  ...ofBoth('logs', 'tail 10', 1 / 2),
  ...ofBoth('ping', 'total', 1.43),
  ...['ping', 'inspect', 'list', 'run'].map(
    (what): Goal => ({ scenario: 'beside-writer', row: `${what} slower`, peer: 'itself', factor: 2 }),
  ),
  ...ofBoth('names', 'total', 1 / 1.5),
  ...ofBoth('names', 'slowest of a hundred', 1),
  ...ofBoth('bridge', 'total', 1 / 8),
  ...ofBoth('port', 'total', 1 / 8),
  ...ofBoth('user', 'total', 1 / 8),
  ...ofBoth('network', 'total', 1),
  { scenario: 'crowd', row: 'last to first', peer: 'itself', factor: 1.2 },
  ...ofBoth('images', 'import', 1 / 1.3),
  ...ofBoth('images', 'load', 1 / 2),
  ...ofBoth('images', 'save', 1 / 2),
  ...ofBoth('images', 'push', 1 / 2),
  ...ofBoth('images', 'pull', 1 / 2.5),
  ...ofBoth('build', 'uncached', 1 / 8),
  ...ofBoth('build', 'cached', 1 / 4),
  ...['1 GB', '50,000 files', '100 steps', 'side by side'].map(
    (row): Goal => ({ scenario: 'builds', row, peer: 'dockerd', factor: 1 }),
  ),
  ...['1 GB', '50,000 files', '100 steps'].map(
    (row): Goal => ({ scenario: 'builds', row: `${row} to half`, peer: 'itself', factor: 2.5 }),
  ),
  { scenario: 'builds', row: 'side to row', peer: 'itself', factor: 0.5 },
  ...(
    [
      ['build-context-10k', 'total'],
      ['build-5-steps', 'uncached'],
      ['build-5-steps', 'cached'],
      ['build-8-stages', 'total'],
    ] as const
  ).map(([scenario, row]): Goal => ({ scenario, row, peer: 'dockerd-26', factor: 1 / 3 })),
  { scenario: 'build-memory', row: '1 GB', peer: 'itself', factor: 200 },
  { scenario: 'build-memory', row: '50,000 files', peer: 'itself', factor: 100 },
];
