/** A container's port that the host serves. */

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

/** Whether it is published on every address of the host. */
export const isAnyAddress = (hostIp: string): boolean => hostIp === '' || hostIp === '0.0.0.0';
