/** Opens the best source of exit codes that this kernel has. */
import type { Log } from '../../base/log.ts';
import { type Reactor, setNonBlocking } from '../../linux/index.ts';
import { chooseExitSource, Exits, openConnector } from './exits.ts';

/** `parked`: the connector's socket, if an earlier daemon left one; `park` keeps a new one for the next. */
export function openExits(deps: {
  readonly parked: number | undefined;
  readonly park: (connector: number) => void;
  readonly reactor: Reactor;
  readonly log: Log;
}): Exits {
  const { reactor, log } = deps;
  const source = chooseExitSource(process.env.GANTRY_EXIT_SOURCE);
  let connector = deps.parked;
  if (source === 'connector' && connector === undefined) {
    connector = openConnector();
    setNonBlocking(connector, true);
    deps.park(connector);
  }
  if (source === 'none')
    log.warn('exits.unknown', {
      note: 'this kernel cannot tell exit codes of containers that end while the daemon is away',
    });
  return new Exits({ reactor, log, source, connector });
}
