/** What the engine must know of its host, read once at start. */
import { arch, cpus, hostname, release, totalmem } from 'node:os';
import { codeOf } from '../../base/errors.ts';
import { readText } from '../../base/files.ts';
import { ownOomScore, setOomScore } from '../../linux/index.ts';

/** What was read. */
export interface Host {
  readonly hostname: string;
  readonly kernel: string;
  /** PRETTY_NAME of os-release(5). */
  readonly system: string;
  /** VERSION_ID of os-release(5); '' where it has none. */
  readonly systemVersion: string;
  /** As Go names it: amd64, arm64. */
  readonly goArch: string;
  /** As uname names it: x86_64, aarch64. */
  readonly machine: string;
  readonly cpus: number;
  readonly memoryBytes: number;
}

const GO_ARCHES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** Reads it. */
export function readHost(): Host {
  const release_ = readText('/etc/os-release') || readText('/usr/lib/os-release');
  return {
    hostname: hostname(),
    kernel: release(),
    system: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release_)?.[1] ?? 'Linux',
    systemVersion: /^VERSION_ID="?([^"\n]*)"?$/m.exec(release_)?.[1] ?? '',
    goArch: GO_ARCHES[arch()] ?? arch(),
    machine: MACHINES[arch()] ?? arch(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
  };
}

/** Hard limits of this process by the names of `--ulimit`; unlimited ones are left out. proc(5), limits. */
export function hardLimits(limits: string = readText('/proc/self/limits')): ReadonlyMap<string, number> {
  const names: Readonly<Record<string, string>> = {
    'Max cpu time': 'cpu',
    'Max file size': 'fsize',
    'Max data size': 'data',
    'Max stack size': 'stack',
    'Max core file size': 'core',
    'Max resident set': 'rss',
    'Max processes': 'nproc',
    'Max open files': 'nofile',
    'Max locked memory': 'memlock',
    'Max address space': 'as',
    'Max file locks': 'locks',
    'Max pending signals': 'sigpending',
    'Max msgqueue size': 'msgqueue',
    'Max nice priority': 'nice',
    'Max realtime priority': 'rtprio',
    'Max realtime timeout': 'rttime',
  };
  const found = new Map<string, number>();
  for (const line of limits.split('\n')) {
    const [, label = '', hard = ''] = /^(Max [a-z ]+?)\s{2,}\S+\s+(\S+)/.exec(line) ?? [];
    const name = names[label];
    if (name !== undefined && /^\d+$/.test(hard)) found.set(name, Number(hard));
  }
  return found;
}

/** Where a process's out-of-memory score is read and set. */
interface ScoreFile {
  readonly read: () => number;
  readonly write: (score: number) => void;
}

const ownScore: ScoreFile = { read: ownOomScore, write: (score) => setOomScore(score) };

/**
 * The nearest out-of-memory score to `asked` that this process may give to what it starts. Without CAP_SYS_RESOURCE
 * the kernel knows a lowest one, and tells nobody which (proc(5), oom_score_adj): it is found by trying on ourselves.
 */
export function settableOomScore(asked: number, file: ScoreFile = ownScore): number {
  const own = file.read();
  if (asked >= own) return asked;
  const maySet = (score: number): boolean => {
    try {
      file.write(score);
    } catch (error) {
      if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM') return false;
      throw error;
    }
    file.write(own);
    return true;
  };
  if (maySet(asked)) return asked;
  let [refused, allowed] = [asked, own];
  while (allowed - refused > 1) {
    const between = Math.floor((refused + allowed) / 2);
    if (maySet(between)) allowed = between;
    else refused = between;
  }
  return allowed;
}
