/** What a container wants of a network, checked before anything is made for it. Pure. */
import { type Address, parseAddress } from './addresses/address.ts';
import { parseHardwareAddress } from './addresses/hardware.ts';
import { type EndpointAddress, linkLocalAddress } from './sandbox/endpoint.ts';
import type { InterfaceSysctl } from './sandbox/sandbox.ts';

/** What a container wants of a network. */
export interface EndpointRequest {
  /** Chosen from the address when undefined (02:42 + the four address bytes, as Docker does). */
  readonly macAddress: string | undefined;
  /** Addresses that it is to have, one of a family at most; in the other families it gets any. */
  readonly addresses?: readonly string[];
  /** Who asks, by a name that stays when its container is made anew: in families without a wish it gets its former address. */
  readonly name?: string;
  /** See {@link Endpoint.gatewayPriority}. */
  readonly gatewayPriority?: number;
  /** Kernel settings of the interface. */
  readonly sysctls?: readonly InterfaceSysctl[];
  /** Further addresses of the link alone. */
  readonly linkLocal?: readonly string[];
  /** What the interface is called inside; undefined: as the network calls its own, with a number. */
  readonly interfaceName?: string | undefined;
}

/** A request whose texts are read. */
export interface EndpointWish {
  readonly mac: Buffer | undefined;
  readonly wanted: readonly Address[];
  readonly name: string | undefined;
  readonly gatewayPriority: number;
  readonly sysctls: readonly InterfaceSysctl[];
  readonly linkLocal: readonly EndpointAddress[];
  readonly interfaceName: string | undefined;
}

/** @throws InvalidArgument for a text that is not what it should be */
export const readWish = (request: EndpointRequest): EndpointWish => ({
  mac: request.macAddress === undefined ? undefined : parseHardwareAddress(request.macAddress),
  wanted: (request.addresses ?? []).map(parseAddress),
  name: request.name,
  gatewayPriority: request.gatewayPriority ?? 0,
  sysctls: request.sysctls ?? [],
  linkLocal: (request.linkLocal ?? []).map(linkLocalAddress),
  interfaceName: request.interfaceName,
});
