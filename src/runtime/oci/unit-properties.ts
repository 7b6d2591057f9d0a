/**
 * Limits as properties of a container's scope. systemd writes what it knows of a unit into its cgroup again whenever its
 * own settings are read anew (`systemctl daemon-reload`, which every upgrade of a service does), and crun before 1.16
 * tells it of the weight of processors alone: any other limit would be gone from then on.
 */
import { Failed } from '../../base/errors.ts';
import type { CgroupHost } from '../cgroups/cgroups.ts';
import { type ProgramHost, runProgram } from '../programs/program.ts';

/** Those of `linux.resources` that systemd has properties for (OCI runtime specification, Linux container configuration). */
export interface Resources {
  readonly memory?: { readonly limit?: number; readonly swap?: number; readonly reservation?: number };
  readonly cpu?: { readonly quota?: number; readonly period?: number };
  readonly pids?: { readonly limit?: number };
  readonly blockIO?: { readonly weight?: number };
}

/** No limit, to systemd. */
const INFINITY = 2n ** 64n - 1n;
/** The kernel's own, in microseconds. */
const DEFAULT_PERIOD = 100_000;
const SECOND_US = 1_000_000;

const limit = (value: number): bigint => (value < 0 ? INFINITY : BigInt(value));

/** Properties of systemd.resource-control(5) by their names on the bus; each is an unsigned number of 64 bits. */
export function unitProperties(
  { memory = {}, cpu = {}, pids = {}, blockIO = {} }: Resources,
  version: CgroupHost['version'],
): ReadonlyMap<string, bigint> {
  const properties = new Map<string, bigint>();
  if (memory.limit) properties.set('MemoryMax', limit(memory.limit));
  if (memory.reservation) properties.set('MemoryLow', limit(memory.reservation));
  // The specification counts memory and swap together, version 2 of cgroups swap alone.
  if (memory.swap && version === 2)
    properties.set(
      'MemorySwapMax',
      memory.swap < 0 ? INFINITY : BigInt(Math.max(0, memory.swap - Math.max(0, memory.limit ?? 0))),
    );
  if (cpu.quota) {
    const period = cpu.period || DEFAULT_PERIOD;
    properties.set('CPUQuotaPeriodUSec', BigInt(period));
    properties.set(
      'CPUQuotaPerSecUSec',
      cpu.quota < 0 ? INFINITY : BigInt(Math.ceil((cpu.quota * SECOND_US) / period)),
    );
  }
  if (pids.limit) properties.set('TasksMax', limit(pids.limit));
  // 10 … 1000 becomes 1 … 10000, as runtimes write it into io.weight.
  if (blockIO.weight && version === 2)
    properties.set('IOWeight', BigInt(1 + Math.trunc(((blockIO.weight - 10) * 9999) / 990)));
  return properties;
}

/** The same as annotations that crun makes the scope with (crun(1), org.systemd.property). */
export const asAnnotations = (properties: ReadonlyMap<string, bigint>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...properties].map(([name, value]) => [`org.systemd.property.${name}`, `uint64 ${value}`]),
  );

const MANAGER = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager'];
const LIMITS = { timeoutMs: 10_000, bytesMax: 4096 };

/**
 * Changes properties of a unit that runs, until it ends; by busctl, which comes with systemd and takes numbers that
 * settings of units have no words for. @throws Failed in its words
 */
export async function setUnitProperties(
  host: ProgramHost,
  unit: string,
  properties: ReadonlyMap<string, bigint>,
): Promise<void> {
  if (properties.size === 0) return;
  const values = [...properties].flatMap(([name, value]) => [name, 't', `${value}`]);
  await ask(host, ['SetUnitProperties', 'sba(sv)', unit, 'true', `${properties.size}`, ...values]);
}

/** Has systemd take a process that runs already into a scope of its own. @throws Failed in busctl's words */
export async function startScope(
  host: ProgramHost,
  unit: string,
  { pid, about, slice }: { readonly pid: number; readonly about: string; readonly slice: string },
): Promise<void> {
  const properties = [
    ['PIDs', 'au', '1', `${pid}`],
    ['Description', 's', about],
    ['Slice', 's', slice],
  ];
  const call = ['StartTransientUnit', 'ssa(sv)a(sa(sv))', unit, 'fail', `${properties.length}`];
  await ask(host, [...call, ...properties.flat(), '0']);
}

async function ask(host: ProgramHost, call: readonly string[]): Promise<void> {
  const { status, stderr } = await runProgram(host, 'busctl', ['call', ...MANAGER, ...call], LIMITS);
  if (status?.code !== 0) throw new Failed(`busctl: ${stderr.toString().trim()}`);
}
