/** Facts without which a figure means nothing. */
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { hybridMount } from './cgroups.ts';

/** One line a fact. */
export function machineFacts(): string[] {
  const pretty = /^PRETTY_NAME="?([^"\n]*)/m.exec(readOr('/etc/os-release'))?.[1] ?? 'unknown system';
  const cgroups = readOr('/proc/mounts').includes(' cgroup ') ? (hybridMount() ? '1 (hybrid)' : '1') : '2';
  const processors = cpus();
  return [
    `${pretty}, kernel ${release()}, cgroup version ${cgroups}`,
    `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `node ${process.version}; load ${loadSpelled()}`,
  ];
}

/** The load averages of the machine (proc(5)), as uptime prints them. */
export const loadSpelled = (): string =>
  loadavg()
    .map((each) => each.toFixed(2))
    .join(' ');

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
