/** Modes of namespaces (`NetworkMode`, `PidMode`, `IpcMode`) that name another container: `container:NAME`. */

const PREFIX = 'container:';

/** The name or id of the container whose namespace is joined, '' when the mode forgot it; undefined: none is. */
export const joinedContainer = (mode: string | undefined): string | undefined =>
  mode?.startsWith(PREFIX) ? mode.slice(PREFIX.length) : undefined;

/** The mode that joins this container. */
export const modeOfJoining = (container: string): string => `${PREFIX}${container}`;
