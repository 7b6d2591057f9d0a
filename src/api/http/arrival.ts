/** How a connection came to the API. */

/** The listener that a connection came from. */
export interface Arrival {
  /** A socket that somebody passed counts as what it is. */
  readonly kind: 'unix' | 'tcp';
  /** The host that a TCP listener was told to listen at. */
  readonly host?: string | undefined;
  readonly tls: boolean;
}
