/** Linux capabilities of a container: dockerd's default set, `CapAdd`, `CapDrop`, and what this host can give. */
import { readFileSync } from 'node:fs';
import { InvalidArgument } from '../../base/errors.ts';

/** In bit order: capability n of the kernel is ALL[n] (capability.h). */
export const ALL_CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
].map((name) => `CAP_${name}`);

/** What a plain container gets: the set that Docker documents for `docker run`. */
export const DEFAULT_CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
].map((name) => `CAP_${name}`);

/** Capabilities that this process may hand on: its bounding set. */
export function hostCapabilities(
  status: string = readFileSync('/proc/self/status', 'utf8'),
): ReadonlySet<string> {
  const bits = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return new Set(ALL_CAPABILITIES.filter((_, bit) => (bits >> BigInt(bit)) & 1n));
}

/** `net_admin`, `CAP_NET_ADMIN` and `ALL` become today's names. @throws InvalidArgument for an unknown one */
export function normalizeCapability(name: string): string {
  const upper = name.toUpperCase();
  if (upper === 'ALL' || upper === 'CAP_ALL') return 'ALL';
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!ALL_CAPABILITIES.includes(full))
    throw new InvalidArgument(`unknown capability: ${JSON.stringify(full)}`);
  return full;
}

/** What a container asks for: `CapAdd`, `CapDrop`, `Privileged`. */
export interface CapabilityRequest {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
}

/** The set for a container, and those of it that this host cannot give. @throws InvalidArgument */
export function capabilitiesFor(
  request: CapabilityRequest,
  host: ReadonlySet<string>,
): { set: string[]; missing: string[] } {
  const add = request.add.map(normalizeCapability);
  const drop = new Set(request.drop.map(normalizeCapability));
  const wanted = new Set(
    request.privileged || add.includes('ALL')
      ? ALL_CAPABILITIES
      : drop.has('ALL')
        ? []
        : DEFAULT_CAPABILITIES,
  );
  if (!request.privileged) {
    for (const name of drop) wanted.delete(name);
    for (const name of add) if (name !== 'ALL') wanted.add(name);
  }
  const set = ALL_CAPABILITIES.filter((name) => wanted.has(name) && host.has(name));
  return { set, missing: add.filter((name) => name !== 'ALL' && !host.has(name)) };
}
