/** The macvlan driver: containers with hardware addresses of their own, on the wire of an interface of the host. */
import { InvalidArgument } from '../../../base/errors.ts';
import type { NetworkHost } from '../../host.ts';
import { addMacvlan, MACVLAN_MODES, type MacvlanMode } from '../../netlink/stacked.ts';
import type { Driver } from '../driver.ts';
import { type OnParent, ParentDriver } from '../parent/parent-driver.ts';

/** One macvlan network. */
export interface MacvlanOptions extends OnParent {
  /** As clients say it; empty or absent: `bridge`. */
  readonly mode?: string | undefined;
}

/** @throws InvalidArgument for a mode or parent that cannot be */
export function createMacvlanDriver(host: NetworkHost, options: MacvlanOptions): Driver {
  const mode = options.mode || 'bridge';
  if (!isMode(mode))
    throw new InvalidArgument(
      `requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`,
    );
  return new ParentDriver(host, options, {
    kind: 'macvlan',
    ownHardwareAddresses: true,
    leadsOutBy: 'gateway',
    isAlone: mode === 'passthru',
    add: (link) => addMacvlan(link, mode),
  });
}

const isMode = (text: string): text is MacvlanMode => Object.hasOwn(MACVLAN_MODES, text);
