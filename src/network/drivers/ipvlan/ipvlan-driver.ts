/** The ipvlan driver: containers with the hardware address of an interface of the host, told apart by their addresses. */
import { InvalidArgument } from '../../../base/errors.ts';
import type { NetworkHost } from '../../host.ts';
import {
  addIpvlan,
  IPVLAN_FLAGS_OF,
  IPVLAN_MODES,
  type IpvlanFlag,
  type IpvlanMode,
} from '../../netlink/stacked.ts';
import type { Driver } from '../driver.ts';
import { type OnParent, ParentDriver } from '../parent/parent-driver.ts';

/** One ipvlan network. */
export interface IpvlanOptions extends OnParent {
  /** As clients say it; empty or absent: `l2`. */
  readonly mode?: string | undefined;
  /** As clients say it; empty or absent: `bridge`. */
  readonly flag?: string | undefined;
}

/** @throws InvalidArgument for a mode, flag or parent that cannot be */
export function createIpvlanDriver(host: NetworkHost, options: IpvlanOptions): Driver {
  const mode = options.mode || 'l2';
  const flag = options.flag || 'bridge';
  if (!isMode(mode))
    throw new InvalidArgument(
      `requested ipvlan mode '${mode}' is not valid, 'l2' mode is the ipvlan driver default`,
    );
  if (!isFlag(flag))
    throw new InvalidArgument(
      `requested ipvlan flag '${flag}' is not valid, 'bridge' is the ipvlan driver default`,
    );
  return new ParentDriver(host, options, {
    kind: 'ipvlan',
    ownHardwareAddresses: false,
    isAlone: false,
    leadsOutBy: mode === 'l2' ? 'gateway' : 'interface',
    add: (link) => addIpvlan(link, mode, flag),
  });
}

const isMode = (text: string): text is IpvlanMode => Object.hasOwn(IPVLAN_MODES, text);
const isFlag = (text: string): text is IpvlanFlag => Object.hasOwn(IPVLAN_FLAGS_OF, text);
