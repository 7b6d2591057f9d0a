/** Network namespaces, the default bridge, addresses, the firewall. */
export type * from './network.ts';
