/** Linking containers' /etc/hosts follow the others: a new address, a link that was removed. */
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { codeOf, messageOf } from '../../../base/errors.ts';
import { type Endpoint, type EndpointAddress, ownHostsLine } from '../../../network/index.ts';
import type { Container } from '../container.ts';
import type { WithContainersRoot, WithDirectory, WithLog } from '../needs.ts';
import { networkFile } from '../own-files.ts';
import { withAddress, withOwnLines, withoutLink } from './hosts-text.ts';
import { linksOf } from './links.ts';

/** The file is the container's to write: one that has grown beyond this is left alone, not read into our memory. */
const HOSTS_BYTES_MAX = 1 << 20;

/** What is needed to change the file of a running container. */
export type HostsDeps = WithContainersRoot & WithDirectory & WithLog;

/** Whoever links to the container has its addresses from now on. A failure is logged: the container starts all the same. */
export function tellLinking(deps: HostsDeps, { id }: Container, endpoint: Endpoint | undefined): void {
  if (endpoint === undefined) return;
  for (const linking of deps.directory) {
    if (linking.record.links === undefined || linking.id === id) continue;
    for (const { alias, to } of linksOf(deps, linking))
      if (to.id === id)
        changeHosts(deps, linking, (text) =>
          endpoint.addresses.reduce((so, { address }) => withAddress(so, alias, address), text),
        );
  }
}

/** The container has come to networks, or has left some: the lines of its own name follow. */
export function tellAddresses(
  deps: HostsDeps,
  container: Container,
  {
    added,
    removed,
  }: { readonly added: readonly EndpointAddress[]; readonly removed: readonly EndpointAddress[] },
): void {
  const { Hostname = '', Domainname = '' } = container.record.config;
  const line = ({ address }: EndpointAddress): string => ownHostsLine(address, Hostname, Domainname);
  changeHosts(deps, container, (text) => withOwnLines(text, added.map(line), removed.map(line)));
}

/** The container no longer knows the other by this alias. */
export const forgetLink = (deps: HostsDeps, linking: Container, alias: string): void =>
  changeHosts(deps, linking, (text) => withoutLink(text, alias));

/**
 * Changes a file that the container has mounted. In place: it must stay the same one. It is never shorter than its text: a daemon that is
 * killed in between leaves empty lines at the end.
 */
export function changeFile(
  deps: HostsDeps,
  { id }: Container,
  name: 'hosts' | 'resolv.conf',
  change: (text: string) => string,
): void {
  const path = networkFile(deps, id, name);
  try {
    const fd = openSync(path, 'r+');
    try {
      if (fstatSync(fd).size > HOSTS_BYTES_MAX) return;
      const before = readFileSync(fd);
      const after = Buffer.from(change(before.toString('latin1')), 'latin1');
      if (after.equals(before)) return;
      const padded = Buffer.alloc(Math.max(after.length, before.length), '\n');
      after.copy(padded);
      writeSync(fd, padded, 0, padded.length, 0);
      ftruncateSync(fd, after.length);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') deps.log.warn('container.file', { id, name, reason: messageOf(error) });
  }
}

const changeHosts = (deps: HostsDeps, container: Container, change: (text: string) => string): void =>
  changeFile(deps, container, 'hosts', change);
