/** For tests: wires of a host of the test's own, and networks that stand on them. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { silentLog } from '../../../base/log.ts';
import { parseSubnet, type Subnet } from '../../addresses/subnet.ts';
import type { NetworkHost } from '../../host.ts';
import type { Network } from '../../network.ts';
import { Networks } from '../../networks.ts';
import { addNeighbour, type Neighbour } from '../../test-host.ts';
import type { Driver } from '../driver.ts';

/** `wire0` and `wire1`, each with a machine at its other end, at 10.66.0.14 and 10.66.1.14. */
export const addWires = (): Promise<Neighbour[]> =>
  Promise.all(
    [0, 1].map((number) => addNeighbour(`wire${number}`, `10.9.${number}.1`, `10.66.${number}.14`)),
  );

/** Nothing is mended by the clock. */
const NEVER_MS = 3_600_000;

/** Networks of an engine that ends with the test. */
export function networksOf(t: TestContext, tableName: string): Networks {
  const execRoot = mkdtempSync(join(tmpdir(), 'gantry-net-'));
  const networks = new Networks({ execRoot, tableName, log: silentLog, watchEveryMs: NEVER_MS });
  t.after(async () => {
    await networks.close();
    rmSync(execRoot, { recursive: true });
  });
  return networks;
}

/** A network with that subnet, whose driver `create` makes. */
export function addNetwork(
  networks: Networks,
  name: string,
  subnet: string,
  create: (
    host: NetworkHost,
    own: { readonly networkId: string; readonly subnets: readonly Subnet[] },
  ) => Driver,
): Network {
  const networkId = createHash('sha256').update(name).digest('hex');
  return networks.add({ id: networkId, name }, (host) =>
    create(host, { networkId, subnets: [parseSubnet(subnet)] }),
  );
}
