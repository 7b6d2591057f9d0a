/** What the API settles about a container before the engine hears of it, as the first engine's API did. */
import type { CreateRequest, HostConfig, UpdateRequest } from '../../model/container.ts';
import { settingFailure } from '../../model/failures/setting.ts';

/** Fills empty port bindings, takes "no limit" for no limit, and says what has no effect. */
export function settleAtDoor(request: CreateRequest): {
  request: CreateRequest;
  warnings: readonly string[];
} {
  const host = request.HostConfig;
  if (!host) return { request, warnings: [] };
  const { bindings, empty } = settlePorts(host);
  const { PidsLimit, PortBindings: _bindings, KernelMemory: _kernel, ...rest } = host;
  const settled: HostConfig = {
    ...rest,
    ...(bindings && { PortBindings: bindings }),
    ...(PidsLimit !== undefined && PidsLimit > 0 && { PidsLimit }),
  };
  const warnings = [
    ...(empty.length > 0 ? [emptyPorts(empty)] : []),
    ...(ignoresDriver(host) ? [IGNORED_DRIVER] : []),
  ];
  return { request: { ...request, HostConfig: settled }, warnings };
}

/** @throws InvalidArgument below the least memory of the client's version */
export function checkMemory({ Memory = 0, MemoryReservation = 0 }: HostConfig, leastBytes: number): void {
  const least = leastBytes >= 1 << 20 ? `${leastBytes >> 20}MB` : `${leastBytes >> 10}k`;
  if (Memory !== 0 && Memory < leastBytes) throw settingFailure.memoryTooSmall({ least });
  if (MemoryReservation > 0 && MemoryReservation < leastBytes)
    throw settingFailure.reservationTooSmall({ least });
}

/** 0 and every negative number mean "unlimited"; the engine knows 0 for it. */
export function settleLimits(request: UpdateRequest): UpdateRequest {
  return request.PidsLimit === undefined
    ? request
    : { ...request, PidsLimit: Math.max(0, request.PidsLimit) };
}

type Bindings = NonNullable<HostConfig['PortBindings']>;

/** A port with an empty list is published on every address, on a port of the engine's choice. */
function settlePorts(host: HostConfig): { bindings: Bindings | undefined; empty: readonly string[] } {
  if (!host.PortBindings) return { bindings: undefined, empty: [] };
  const entries = Object.entries(host.PortBindings);
  const empty = entries.filter(([, bound]) => !bound || bound.length === 0).map(([port]) => port);
  const bindings = Object.fromEntries(
    entries.map(([port, bound]) => [
      port,
      bound && bound.length > 0 ? bound : [{ HostIp: '', HostPort: '' }],
    ]),
  );
  return { bindings, empty };
}

const emptyPorts = (ports: readonly string[]) =>
  `Following container port(s) have an empty list of port-bindings: ${ports.join(', ')}. Such bindings will be discarded in a future version.`;

/** No kernel that we run on can limit it: asked for, it is discarded, as dockerd does there. */
export const kernelMemoryWarnings = (
  { KernelMemory = 0 }: Pick<HostConfig, 'KernelMemory'>,
  how: 'warned' | 'unknown',
): readonly string[] => (KernelMemory > 0 && how === 'warned' ? [NO_KERNEL_MEMORY] : []);

const NO_KERNEL_MEMORY =
  'Your kernel does not support kernel memory limit capabilities or the cgroup is not mounted. Limitation discarded.';

const IGNORED_DRIVER =
  "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. Use '--mount type=volume,volume-driver=...' instead";

function ignoresDriver(host: HostConfig): boolean {
  return Boolean(
    host.VolumeDriver &&
      host.Mounts?.some((mount) => mount.Type === 'volume' && !mount.VolumeOptions?.DriverConfig?.Name),
  );
}
