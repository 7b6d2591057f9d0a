/**
 * What a kind of network must do. A driver knows interfaces and the host; addresses, sandboxes and who is on the network
 * are the same for every kind and are kept in network.ts. `suite.ts` beside this file tests any driver by this promise.
 */
import type { Subnet } from '../addresses/subnet.ts';
import type { Service } from '../firewall/port-elements.ts';
import type { Reservation } from '../published/host-ports.ts';
import type { PortRequest } from '../published/port.ts';
import type { Endpoint } from '../sandbox/endpoint.ts';
import type { Sandbox, SandboxInterface } from '../sandbox/sandbox.ts';

/** What an interface is called. */
export interface InterfaceNames {
  /** Inside of the sandbox: `eth0`, `eth1`, … */
  readonly inside: string;
  /** On the host, for as long as the driver has an interface there: nobody else has this name. */
  readonly outside: string;
}

/** One network, as its driver sees it. */
export interface Driver {
  /** What clients call the kind: `bridge`. */
  readonly kind: string;
  /** How interfaces inside are called, before their number: `eth`. */
  readonly interfacePrefix: string;
  /** Whether interfaces have hardware addresses of their own; else they have their parent's, which nobody can change. */
  readonly ownHardwareAddresses: boolean;
  /** A wire carries one interface of this network at most: none is made before it is needed. */
  readonly isAlone: boolean;
  /** How containers find the way out: by a gateway's address, or by the interface alone. */
  readonly leadsOutBy: 'gateway' | 'interface';
  /** The subnets asked for; empty: `start` finds or chooses them. */
  readonly configured: readonly Subnet[];
  /** The subnets that a start would give, as far as can be said now; nothing is made. */
  plan(): Promise<readonly Subnet[]>;
  /**
   * Makes or finds what the network needs on the host. Called before anything else, and again after `stop`. `living`
   * are endpoints from an earlier life of the engine, by their sandbox: they work on, ports and all, in `subnets`.
   * @throws Conflict when it belongs to another engine; Failed
   */
  start(subnets: readonly Subnet[], living: ReadonlyMap<string, Endpoint>): Promise<readonly Subnet[]>;
  /** A new interface in the sandbox, switched on, without an address. It may be made long before it is used. */
  attach(sandbox: Sandbox, names: InterfaceNames): Promise<SandboxInterface>;
  /** Holds the host's ports; those of a kind whose containers are reached directly hold none. @throws Failed */
  reserve(ports: readonly PortRequest[]): Reservation;
  /** Leads the endpoint's ports to it. @throws Failed: then none is open */
  publish(endpoint: Endpoint): Promise<void>;
  /** Takes that back; what is gone already is no failure. */
  withdraw(endpoint: Endpoint): Promise<void>;
  /** Lets one endpoint reach services of another where neighbours do not; elsewhere nothing is to be done. @throws Failed */
  link(from: Endpoint, to: Endpoint, ports: readonly Service[]): Promise<void>;
  /** Takes that back; what is gone already is no failure. */
  unlink(from: Endpoint, to: Endpoint): Promise<void>;
  /**
   * Puts back what others took away, for these endpoints by their sandbox. True: interfaces that nobody uses yet hang on something that
   * is gone, and must not be used.
   */
  mend(endpoints: ReadonlyMap<string, Endpoint>): Promise<boolean>;
  /** Names of the interfaces on the host that begin with `prefix` and are of this kind. */
  interfaces(prefix: string): Promise<string[]>;
  /** Takes interfaces off the host, and what is inside with them; gone already is no failure. */
  remove(names: readonly string[]): Promise<void>;
  /** Leaves the host as if the network had never been there, also when it was made in an earlier life. */
  stop(): Promise<void>;
}
