/**
 * What macvlan and ipvlan have in common: a container's interface stands on an interface of the host and is on the wire
 * beside it. Nothing of it is on the host: no bridge, no rules, no published ports; it goes with its namespace.
 */
import type { Subnet } from '../../addresses/subnet.ts';
import type { NetworkHost } from '../../host.ts';
import type { Request } from '../../netlink/message.ts';
import { whileRefused } from '../../netlink/patience.ts';
import type { Stacked } from '../../netlink/stacked.ts';
import type { Reservation } from '../../published/host-ports.ts';
import type { Endpoint } from '../../sandbox/endpoint.ts';
import type { Sandbox, SandboxInterface } from '../../sandbox/sandbox.ts';
import type { Driver, InterfaceNames } from '../driver.ts';
import { ensureParent, inWords, type ParentPlan, parentIndex, planParent, removeParent } from './parent.ts';

/** A network whose containers stand on an interface of the host. */
export interface OnParent {
  readonly networkId: string;
  /** Empty or absent: an interface that leads nowhere is made. `eth0.50` is made where it is not there. */
  readonly parent?: string | undefined;
  readonly subnets: readonly Subnet[];
}

/** What one of the kinds is, and how it makes an interface. */
export interface StackedKind extends Pick<Driver, 'isAlone' | 'leadsOutBy' | 'ownHardwareAddresses'> {
  readonly kind: 'macvlan' | 'ipvlan';
  add(link: Stacked): Request;
}

const NO_PORTS: Reservation = { ports: [], release: () => undefined };

/** The kernel takes the interface of a sandbox that has just ended away in the background. */
const LEFT_BEHIND = { mostMs: 2_000, everyMs: 10 } as const;

/** A driver of one network. */
export class ParentDriver implements Driver {
  readonly kind: StackedKind['kind'];
  readonly interfacePrefix = 'eth';
  readonly ownHardwareAddresses: boolean;
  readonly leadsOutBy: Driver['leadsOutBy'];
  readonly isAlone: boolean;
  readonly configured: readonly Subnet[];
  readonly #host: NetworkHost;
  readonly #add: StackedKind['add'];
  readonly #plan: ParentPlan;
  #index: number | undefined;

  /** @throws InvalidArgument for a parent that cannot be */
  constructor(host: NetworkHost, { networkId, parent, subnets }: OnParent, stacked: StackedKind) {
    const { kind } = stacked;
    this.kind = kind;
    this.ownHardwareAddresses = stacked.ownHardwareAddresses;
    this.leadsOutBy = stacked.leadsOutBy;
    this.isAlone = stacked.isAlone;
    this.configured = subnets;
    this.#host = host;
    this.#add = stacked.add;
    this.#plan = planParent(kind, { parent, networkId, engineMark: host.mark });
  }

  async start(subnets: readonly Subnet[]): Promise<readonly Subnet[]> {
    this.#index = await ensureParent(this.#host.route, this.#plan);
    this.#host.log.info('network.ready', { kind: this.kind, parent: this.#plan.name });
    return subnets;
  }

  async attach(sandbox: Sandbox, { inside }: InterfaceNames): Promise<SandboxInterface> {
    this.#index ??= await ensureParent(this.#host.route, this.#plan);
    const add = this.#add({ inside, parentIndex: this.#index, namespaceFd: sandbox.fd });
    const make = async (): Promise<SandboxInterface> => {
      await this.#host.route.ask([add]);
      return await sandbox.raise(inside);
    };
    try {
      return await (this.isAlone ? whileRefused({ code: 'EINVAL', ...LEFT_BEHIND }, make) : make());
    } catch (error) {
      throw inWords(error, this.kind, this.#plan.name);
    }
  }

  /** Containers are reached by their own addresses. */
  reserve(): Reservation {
    return NO_PORTS;
  }
  async publish(): Promise<void> {}
  async withdraw(): Promise<void> {}
  async link(): Promise<void> {}
  async unlink(): Promise<void> {}

  async plan(): Promise<readonly Subnet[]> {
    return this.configured;
  }

  /** The kernel takes all that stands on an interface with it: containers must be started again. */
  async mend(endpoints: ReadonlyMap<string, Endpoint>): Promise<boolean> {
    const { route, log } = this.#host;
    // One that is away was told of; whoever needs it next looks for it.
    if (this.#index === undefined || (await parentIndex(route, this.#plan)) === this.#index) return false;
    this.#index = undefined;
    log.warn('network.parent-lost', { parent: this.#plan.name });
    for (const sandbox of endpoints.keys()) log.warn('network.interface-lost', { sandbox });
    return true;
  }

  async interfaces(): Promise<string[]> {
    return [];
  }
  async remove(): Promise<void> {}

  async stop(): Promise<void> {
    this.#index = undefined;
    await removeParent(this.#host.route, this.#plan);
  }
}
