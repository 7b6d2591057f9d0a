/** Containers in the forms of older versions. */
import { InvalidArgument } from '../../../base/errors.ts';
import { type Doc, homeIn, isDoc } from '../doc-path.ts';

/** The network of a container that answers before 1.52 repeated at the top of NetworkSettings: the default bridge. */
function topLevelNetwork(doc: Doc): Doc {
  const settings = isDoc(doc.body) && isDoc(doc.body.NetworkSettings) ? doc.body.NetworkSettings : {};
  const networks = isDoc(settings.Networks) ? settings.Networks : {};
  return isDoc(networks.bridge) ? networks.bridge : {};
}

/** Reads one member of that network, or what it is without a network. */
export const ofBridge =
  (name: string, otherwise: string | number) =>
  (doc: Doc): unknown =>
    topLevelNetwork(doc)[name] ?? otherwise;

/** `Mounts` as two maps, below 1.20: destination → source, destination → writable. */
export function volumesOf(doc: Doc): { sources: Record<string, unknown>; writable: Record<string, boolean> } {
  const sources: Record<string, unknown> = {};
  const writable: Record<string, boolean> = {};
  const mounts = isDoc(doc.body) && Array.isArray(doc.body.Mounts) ? doc.body.Mounts.filter(isDoc) : [];
  for (const mount of mounts) {
    sources[String(mount.Destination)] = mount.Source;
    writable[String(mount.Destination)] = mount.RW === true;
  }
  return { sources, writable };
}

/** `Exited (0) 3 minutes ago` was `Exit 0` below 1.11; a container that never ran showed that too. */
export function statusBelow1_11(status: unknown): unknown {
  if (status === '' || status === 'Created') return 'Exit 0';
  const exited = /^(?:Exited|Restarting) \((-?\d+)\)/.exec(String(status));
  return exited ? `Exit ${exited[1]}` : status;
}

/** Commands were listed without the quotes that 1.11 put around them, and around arguments with blanks. */
export const unquoted = (command: unknown): unknown =>
  typeof command === 'string'
    ? command.replace(/^"(.*)"$/s, '$1').replace(/(?<= )'([^']* [^']*)'(?= |$)/g, '$1')
    : command;

/** Path and arguments were joined by blanks, also where there were no arguments. */
export const withBlankBehindPath = (command: unknown): unknown =>
  typeof command === 'string' && command !== '' && !command.includes(' ') ? `${command} ` : command;

/** Lists named a container's image with its tag, however it was said when the container was made. */
export const withTag = (image: unknown): unknown =>
  typeof image === 'string' && !/^$|[:@][^/]*$|^[0-9a-f]{12,64}$/.test(image) ? `${image}:latest` : image;

/**
 * `NetworkMode: default` and an absent one are the bridge; a Mac address of the whole container belongs there.
 * @throws InvalidArgument when that network's own is another
 */
export function carryMacAddress(doc: Doc): void {
  if (!isDoc(doc.body)) return;
  const address = doc.body.MacAddress;
  delete doc.body.MacAddress;
  if (typeof address !== 'string' || address === '') return;
  const mode = isDoc(doc.body.HostConfig) ? doc.body.HostConfig.NetworkMode : undefined;
  if (typeof mode === 'string' && /^(host|none|container:.*)$/.test(mode)) return;
  const endpoints = homeIn(homeIn(doc.body, 'NetworkingConfig'), 'EndpointsConfig');
  const main = typeof mode === 'string' && mode !== '' ? mode : 'default';
  const names = Object.keys(endpoints);
  // Where there is one alone, it is the main one, whatever the mode calls it.
  const name = names.length === 1 && names[0] !== undefined ? names[0] : main;
  const endpoint = homeIn(endpoints, name);
  endpoint.MacAddress ||= address;
  if (String(endpoint.MacAddress).toLowerCase() !== address.toLowerCase())
    throw new InvalidArgument(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    );
}

/** The mounts of a create request; lenses change them in place. */
export function mountsOf(doc: Doc): Doc[] {
  const host = isDoc(doc.body) && isDoc(doc.body.HostConfig) ? doc.body.HostConfig : {};
  return Array.isArray(host.Mounts) ? host.Mounts.filter(isDoc) : [];
}

/** The options of a mount that have this name, such as `VolumeOptions`. */
export function mountOptions(mount: Doc, name: string): Doc | undefined {
  const options = mount[name];
  return isDoc(options) ? options : undefined;
}
