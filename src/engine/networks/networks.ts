/** Networks: made, listed, joined and removed for clients. Containers join by the verbs that they are given. */
import { Mailbox } from '../../base/mailbox.ts';
import { formatNanos, nowNanos, parseRfc3339 } from '../../base/time.ts';
import { shortId } from '../../formats/digest.ts';
import { networkFailure } from '../../model/failures/network.ts';
import type { Filters } from '../../model/filters.ts';
import type {
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkCreateResponse,
  NetworkDisconnectRequest,
  NetworkInspect,
  NetworkSummary,
} from '../../model/network.ts';
import type { NetworksPruned } from '../../model/prune.ts';
import { interfaceKey, type Networks as NetworkRoom, type SubnetPool } from '../../network/index.ts';
import { type Records, rowGone, rowPut } from '../../storage/index.ts';
import type { NewEvent } from '../events/events.ts';
import { checkFilterNames, labelFilter, untilFilter } from '../filters.ts';
import { oneAtATime } from '../one-prune.ts';
import type { NetworkCatalog, NetworkEntry } from './catalog.ts';
import { planNetwork, withSubnets } from './create.ts';
import { carry, requireParent } from './drivers.ts';
import { listFilter } from './filter.ts';
import type { ConnectOptions, CreateNetworkOptions, InspectNetworkOptions, Networks } from './promise.ts';
import { NETWORKS, type NetworkRecord } from './record.ts';
import { inspectionOf, type Member, summaryOf } from './views.ts';

/** Far longer than the clean-up after a container's end takes. */
const DEPARTURE_MS_MAX = 10_000;

/** What containers do for networks. */
export interface NetworkMembers {
  /** Running containers on the network, and, with `stopped`, those that will be when they start. */
  membersOf(entry: NetworkEntry): readonly Member[];
  /** `term`: what the client called the network; without an entry there is none that a running container could join. */
  connect(
    term: string,
    entry: NetworkEntry | undefined,
    request: NetworkConnectRequest,
    options: ConnectOptions,
  ): Promise<void>;
  /** With force, or while the container does not run, the network need not be there any more. */
  disconnect(
    term: string,
    entry: NetworkEntry | undefined,
    request: NetworkDisconnectRequest,
    options: ConnectOptions,
  ): Promise<void>;
}

/** What the networks room is built from. */
export interface NetworksDeps {
  readonly catalog: NetworkCatalog;
  readonly room: NetworkRoom;
  readonly pools: readonly SubnetPool[];
  readonly records: Pick<Records, 'write'>;
  readonly events: { emit(event: NewEvent): void };
  readonly members: NetworkMembers;
  readonly newId: () => string;
}

/** The verbs on networks. */
export class NetworkService implements Networks {
  readonly #deps: NetworksDeps;
  /** One network at a time is made or removed: each sees the subnets of the others. */
  readonly #mailbox = new Mailbox();

  constructor(deps: NetworksDeps) {
    this.#deps = deps;
  }

  async list(
    filters: Filters,
    { members }: { readonly members: boolean },
  ): Promise<readonly NetworkSummary[]> {
    const all = this.#deps.catalog.all();
    await planned(all);
    const wanted = await listFilter(filters, all, (entry) => this.#members(entry).length > 0);
    const view = (entry: NetworkEntry): NetworkSummary =>
      members ? withoutStatus(inspectionOf(entry, this.#members(entry))) : summaryOf(entry);
    return all.filter(wanted).map(view);
  }

  async inspect(term: string, { scope = 'local' }: InspectNetworkOptions): Promise<NetworkInspect> {
    if (scope !== 'local') throw networkFailure.notFound({ name: term });
    const entry = this.#deps.catalog.find(term);
    await planned([entry]);
    return inspectionOf(entry, this.#members(entry));
  }

  create(request: NetworkCreateRequest, options: CreateNetworkOptions): Promise<NetworkCreateResponse> {
    return this.#mailbox.run(async () => {
      const { catalog, room, pools, records } = this.#deps;
      const asked = planNetwork(catalog, request, {
        ...options,
        defaultsOf: (driver) => room.defaultsOf(driver),
      });
      const namesake = catalog.all().find(({ record }) => record.name === asked.name);
      await planned(catalog.all());
      const plan = await withSubnets(asked, pools, (family) => room.taken(family));
      const record: NetworkRecord = { id: this.#freeId(), created: formatNanos(nowNanos()), ...plan };
      const network = carry(room, record);
      try {
        await requireParent(room, record);
        await records.write([rowPut(NETWORKS, record.id, record)]);
      } catch (error) {
        if (network !== undefined) await room.remove(network);
        throw error;
      }
      catalog.add({ record, network, predefined: false });
      this.#emit(record, 'create');
      const warning = namesake
        ? `Network with name ${record.name} (id : ${namesake.record.id}) already exists`
        : '';
      return { Id: record.id, Warning: warning };
    });
  }

  async remove(term: string): Promise<void> {
    await this.#mailbox.run(() => this.#remove(this.#deps.catalog.find(term)));
  }

  async connect(term: string, request: NetworkConnectRequest, options: ConnectOptions): Promise<void> {
    await this.#deps.members.connect(term, this.#entryOf(term, options), request, options);
  }

  async disconnect(term: string, request: NetworkDisconnectRequest, options: ConnectOptions): Promise<void> {
    await this.#deps.members.disconnect(term, this.#entryOf(term, options), request, options);
  }

  #entryOf(term: string, { mustBeThere }: ConnectOptions): NetworkEntry | undefined {
    const { catalog } = this.#deps;
    return mustBeThere ? catalog.find(term) : catalog.lookUp(term);
  }

  readonly prune = oneAtATime(async (filters: Filters): Promise<NetworksPruned> => {
    checkFilterNames(filters, ['label', 'label!', 'until']);
    const until = untilFilter(filters, nowNanos());
    const labels = labelFilter(filters);
    const removed: string[] = [];
    for (const entry of this.#deps.catalog.all()) {
      const { record, predefined } = entry;
      const isMeant =
        labels(record.labels) && (until === undefined || (parseRfc3339(record.created) ?? 0n) <= until);
      if (predefined || !isMeant || this.#members(entry).length > 0) continue;
      if (await this.#mailbox.run(() => this.#removeIfUnused(entry))) removed.push(record.name);
    }
    this.#deps.events.emit({ Type: 'network', Action: 'prune', id: '', attributes: { reclaimed: '0' } });
    return removed.length > 0 ? { NetworksDeleted: removed } : {};
  });

  /** @throws Forbidden */
  async #remove(entry: NetworkEntry): Promise<void> {
    const { record, predefined } = entry;
    if (predefined) throw networkFailure.notRemovable({ name: record.name });
    if (this.#isConfigOfOthers(record)) throw networkFailure.configInUse({ name: record.name });
    if (await this.#removeIfUnused(entry)) return;
    const holders = this.#members(entry).map(
      ({ name, containerId }) => `name:${JSON.stringify(name)} id:${JSON.stringify(shortId(containerId))}`,
    );
    throw networkFailure.inUse({ name: record.name, id: record.id, holders });
  }

  #isConfigOfOthers({ name, configOnly }: NetworkRecord): boolean {
    return configOnly && this.#deps.catalog.all().some(({ record }) => record.configFrom === name);
  }

  /** The row goes first: after a kill in between, the network is not there, and what the host has of it is swept. */
  async #removeIfUnused(entry: NetworkEntry): Promise<boolean> {
    const { record, network } = entry;
    const { catalog, room, records } = this.#deps;
    if (this.#isConfigOfOthers(record)) return false;
    // Who is on it without a running container is on the way out.
    if (this.#members(entry).length === 0) await network?.untilUnused(DEPARTURE_MS_MAX);
    if (network !== undefined && !network.retire()) return false;
    try {
      await records.write([rowGone(NETWORKS, record.id)]);
    } catch (error) {
      network?.reopen();
      throw error;
    }
    catalog.delete(record.id);
    if (network !== undefined) await room.remove(network);
    this.#emit(record, 'destroy');
    return true;
  }

  #members(entry: NetworkEntry): readonly Member[] {
    return this.#deps.members.membersOf(entry);
  }

  /** Interfaces of two networks must not be taken for each other's. */
  #freeId(): string {
    const taken = new Set(this.#deps.catalog.all().map(({ record }) => interfaceKey(record.id)));
    for (;;) {
      const id = this.#deps.newId();
      if (!taken.has(interfaceKey(id))) return id;
    }
  }

  #emit({ id, name, driver }: NetworkRecord, action: 'create' | 'destroy'): void {
    this.#deps.events.emit({
      Type: 'network',
      Action: action,
      id,
      attributes: { name, type: driver },
    });
  }
}

/** Their subnets can be told, also where they are chosen at the first use. */
async function planned(entries: readonly NetworkEntry[]): Promise<void> {
  for (const { network } of entries) await network?.plan();
}

const withoutStatus = ({ Status: _status, ...summary }: NetworkInspect): NetworkSummary => summary;
