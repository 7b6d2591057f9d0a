/** The network room's promises. */

/** A published port, resolved: `hostPort` 0 in a request means "choose one". */
export interface PublishedPort {
  readonly protocol: 'tcp' | 'udp';
  readonly containerPort: number;
  /** '' and '0.0.0.0' mean every address. */
  readonly hostIp: string;
  readonly hostPort: number;
}

/** What a container asks to have published. */
export interface PortRequest extends PublishedPort {
  /** The end of a range that begins at `hostPort`: its first free port is taken. Absent: `hostPort` and no other. */
  readonly lastHostPort?: number;
}

export const isAnyAddress = (hostIp: string): boolean => hostIp === '' || hostIp === '0.0.0.0';

/** A container's place on the bridge. Plain data: the engine keeps it in its records. */
export interface Endpoint {
  readonly endpointId: string;
  readonly ipAddress: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly macAddress: string;
  /** Name of the host side of the veth pair. */
  readonly hostInterface: string;
  readonly ports: readonly PublishedPort[];
}

export interface ConnectRequest {
  readonly containerId: string;
  /** Chosen from the address when undefined (02:42 + the four address bytes, as Docker does). */
  readonly macAddress: string | undefined;
  readonly ports: readonly PortRequest[];
}

/** The default bridge network of one engine. Several engines live side by side: bridge, subnet and table are their own. */
export interface BridgeNetwork {
  readonly id: string;
  readonly bridgeName: string;
  /** `172.17.0.0/16`; known after the first use or when configured. */
  readonly subnet: string;
  readonly gateway: string;
  /**
   * A network namespace for the container with `lo` up and `eth0` on the bridge; it lives at {@link namespacePath}
   * (a bind mount) until `disconnect`. The bridge and the firewall table are made at the first call.
   * @throws Failed `Bind for IP:PORT failed: port is already allocated`, `all ports are allocated` for a range, or no
   * free address · Conflict when the container is connected already, or the bridge belongs to another engine · InvalidArgument for a malformed request
   */
  connect(request: ConnectRequest): Promise<Endpoint>;
  namespacePath(containerId: string): string;
  /** Takes everything of this container back. Never waits for the kernel's veth removal. Absent: nothing to do. */
  disconnect(containerId: string): Promise<void>;
  /**
   * After a restart: these are alive (their addresses and ports are taken); everything else of ours is removed, except
   * what belongs to a container of `isKept`: nobody knows its endpoint, but it may be running.
   */
  recover(alive: ReadonlyMap<string, Endpoint>, isKept?: (containerId: string) => boolean): Promise<void>;
  /** Orderly end: when no endpoint is left, the bridge and the table go too. */
  close(): Promise<void>;
}
