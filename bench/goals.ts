/** What Gantry must reach, against each of the peers of the same run: the best of them counts. */
export interface Goal {
  readonly scenario: string;
  readonly row: string;
  /** Gantry's figure must be at most this many times the peer's; 'itself': at most `factor` outright. */
  readonly peer: 'dockerd' | 'podman' | 'crun' | 'itself';
  readonly factor: number;
}

export const goals: readonly Goal[] = [
  { scenario: 'run', row: 'total', peer: 'dockerd', factor: 1 / 13 },
  { scenario: 'run', row: 'total', peer: 'podman', factor: 1 / 4 },
  { scenario: 'run', row: 'total', peer: 'crun', factor: 1.3 },
  { scenario: 'exec', row: 'total', peer: 'dockerd', factor: 1 / 3 },
  { scenario: 'exec', row: 'total', peer: 'podman', factor: 1 / 3 },
  { scenario: 'copy', row: 'put 100 MB', peer: 'dockerd', factor: 1 / 1.5 },
  { scenario: 'copy', row: 'put 100 MB', peer: 'podman', factor: 1 / 1.5 },
  { scenario: 'copy', row: 'get 100 MB', peer: 'dockerd', factor: 1 / 4 },
  { scenario: 'copy', row: 'get 100 MB', peer: 'podman', factor: 1 / 4 },
  { scenario: 'copy', row: 'put files', peer: 'dockerd', factor: 1 / 2.5 },
  { scenario: 'copy', row: 'put files', peer: 'podman', factor: 1 / 2.5 },
  { scenario: 'copy', row: 'get files', peer: 'dockerd', factor: 1 / 2 },
  { scenario: 'copy', row: 'get files', peer: 'podman', factor: 1 / 2 },
  { scenario: 'commit', row: 'total', peer: 'dockerd', factor: 1 / 4 },
  { scenario: 'commit', row: 'total', peer: 'podman', factor: 1 / 4 },
  { scenario: 'memory', row: 'processes per container', peer: 'itself', factor: 0 },
  { scenario: 'memory', row: 'per container', peer: 'itself', factor: 0.1 },
  { scenario: 'memory', row: 'idle engine', peer: 'itself', factor: 60 },
  { scenario: 'logs', row: 'write', peer: 'dockerd', factor: 1 / 1.5 },
  { scenario: 'logs', row: 'write', peer: 'podman', factor: 1 / 1.5 },
  { scenario: 'logs', row: 'read', peer: 'dockerd', factor: 1 / 8 },
  { scenario: 'logs', row: 'read', peer: 'podman', factor: 1 / 8 },
  { scenario: 'logs', row: 'tail 10', peer: 'dockerd', factor: 1 / 2 },
  { scenario: 'logs', row: 'tail 10', peer: 'podman', factor: 1 / 2 },
  { scenario: 'ping', row: 'total', peer: 'dockerd', factor: 1.43 },
  { scenario: 'ping', row: 'total', peer: 'podman', factor: 1.43 },
  { scenario: 'names', row: 'total', peer: 'dockerd', factor: 1 / 1.5 },
  { scenario: 'names', row: 'total', peer: 'podman', factor: 1 / 1.5 },
  { scenario: 'names', row: 'slowest of a hundred', peer: 'dockerd', factor: 1 },
  { scenario: 'names', row: 'slowest of a hundred', peer: 'podman', factor: 1 },
  { scenario: 'images', row: 'import', peer: 'dockerd', factor: 1 / 1.3 },
  { scenario: 'images', row: 'import', peer: 'podman', factor: 1 / 1.3 },
  { scenario: 'images', row: 'load', peer: 'dockerd', factor: 1 / 2 },
  { scenario: 'images', row: 'load', peer: 'podman', factor: 1 / 2 },
  { scenario: 'images', row: 'save', peer: 'dockerd', factor: 1 / 2 },
  { scenario: 'images', row: 'save', peer: 'podman', factor: 1 / 2 },
  { scenario: 'images', row: 'push', peer: 'dockerd', factor: 1 / 2 },
  { scenario: 'images', row: 'push', peer: 'podman', factor: 1 / 2 },
  { scenario: 'images', row: 'pull', peer: 'dockerd', factor: 1 / 2.5 },
  { scenario: 'images', row: 'pull', peer: 'podman', factor: 1 / 2.5 },
];
