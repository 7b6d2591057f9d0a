/** The environment of a process in a container. Pure. */
import type { ContainerConfig } from '../../model/container.ts';

/** Where programs are looked for when an image does not say. */
const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * PATH, HOSTNAME, TERM and HOME first, then what is told of linked containers, each overridden by what the configuration
 * says. `NAME` alone takes it away.
 */
export function environment(
  config: Pick<ContainerConfig, 'Env' | 'Tty' | 'Hostname'>,
  home: string,
  linkVariables: readonly string[] = [],
): string[] {
  const variables = new Map<string, string>();
  const defaults = [
    DEFAULT_PATH,
    ...(config.Hostname ? [`HOSTNAME=${config.Hostname}`] : []),
    ...(config.Tty ? ['TERM=xterm'] : []),
  ];
  for (const entry of [...defaults, ...linkVariables, ...(config.Env ?? [])]) {
    const at = entry.indexOf('=');
    if (at < 0) variables.delete(entry);
    else variables.set(entry.slice(0, at), entry.slice(at + 1));
  }
  if (!variables.has('HOME')) variables.set('HOME', home);
  return [...variables].map(([name, value]) => `${name}=${value}`);
}
