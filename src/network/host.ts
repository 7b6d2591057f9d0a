/** What an engine has of its host's network once, however many networks it has. */
import { join } from 'node:path';
import { Failed } from '../base/errors.ts';
import type { IdMap } from '../base/id-map.ts';
import type { Log } from '../base/log.ts';
import { FAMILIES, type Family } from './addresses/address.ts';
import { Forwarding } from './firewall/forwarding.ts';
import { Firewall } from './firewall/table.ts';
import { NameServers } from './names/servers.ts';
import { LinkList } from './netlink/link-list.ts';
import { NetlinkSocket, PROTOCOL } from './netlink/socket.ts';
import { HostPorts } from './published/host-ports.ts';
import { ReleasedAddresses } from './published/released.ts';
import { NamespaceFiles } from './sandbox/files.ts';
import type { UserNamespace } from './sandbox/sandbox.ts';

const TABLE_NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,63}$/;
/** IFALIASZ: what the kernel keeps of an interface's alias. */
const MARK_CHARACTERS_MAX = 255;

/** Written on interfaces that an engine makes; `ip link` shows it as alias. */
export const markOf = (tableName: string, execRoot: string): string =>
  `gantry ${tableName} ${execRoot}`.slice(0, MARK_CHARACTERS_MAX);
/** Where the files lie that keep an engine's namespaces. */
export const namespacesOf = (execRoot: string): string => join(execRoot, 'netns');

/** How an engine tells its own from everybody else's. */
export interface NetworkHostOptions {
  /** Namespaces are kept at `<execRoot>/netns/<sandbox>`. */
  readonly execRoot: string;
  /** The nft table, one engine's own. */
  readonly tableName: string;
  readonly log: Log;
  /** Families whose packets get rules. Absent: both. */
  readonly firewallFamilies?: readonly Family[];
  /** Who reaches published ports: everybody (default), or whom the host's own input chains let in. */
  readonly publishedPorts?: 'open' | 'host-policy';
  /** Whether the host's forwarding may be turned on. Absent: it may. */
  readonly mayForward?: boolean;
  /** Ids of containers that do not have the host's: their sandboxes belong to user namespaces with this map. */
  readonly map?: IdMap | undefined;
}

/** Whose a sandbox is: the host's, or of the user namespace at a path. */
export type SandboxUser = 'host' | { readonly path: string };

/** Shared by all networks of an engine; several engines live side by side, each with its own. */
export class NetworkHost {
  /** rtnetlink in the host's namespace. */
  readonly route = new NetlinkSocket(PROTOCOL.ROUTE);
  readonly links = new LinkList(this.route);
  readonly netfilter = new NetlinkSocket(PROTOCOL.NETFILTER);
  readonly ports = new HostPorts();
  readonly files: NamespaceFiles;
  readonly firewall: Firewall;
  readonly forwarding: Forwarding;
  readonly mayForward: boolean;
  readonly released: ReleasedAddresses;
  readonly names: NameServers;
  readonly log: Log;
  /** Written on interfaces that the engine makes; `ip link` shows it as alias. */
  readonly mark: string;
  readonly #map: IdMap | undefined;

  /** @throws Failed for an impossible name of the table */
  constructor({
    execRoot,
    tableName,
    log,
    firewallFamilies = FAMILIES,
    mayForward = true,
    publishedPorts,
    map,
  }: NetworkHostOptions) {
    this.#map = map;
    if (!TABLE_NAME.test(tableName)) throw new Failed(`invalid table name: ${JSON.stringify(tableName)}`);
    this.log = log;
    this.mark = markOf(tableName, execRoot);
    this.files = new NamespaceFiles(namespacesOf(execRoot));
    this.netfilter.roomForMany();
    this.firewall = new Firewall(this.netfilter, tableName, {
      families: firewallFamilies,
      hostPolicy: publishedPorts === 'host-policy',
    });
    this.mayForward = mayForward;
    this.forwarding = new Forwarding(this.netfilter, log);
    this.released = new ReleasedAddresses(log);
    this.names = new NameServers({ log });
  }

  /** Whose a sandbox is that is wanted so; undefined: of the engine's usual kind. */
  userNamespace(wanted: SandboxUser | undefined): UserNamespace | undefined {
    if (wanted === 'host' || (wanted === undefined && this.#map === undefined)) return undefined;
    return wanted ?? (this.#map && { map: this.#map });
  }

  /** Call it when no network needs the host any more. */
  close(): void {
    this.names.closeAll();
    this.route.close();
    this.netfilter.close();
    this.firewall.close();
  }
}
