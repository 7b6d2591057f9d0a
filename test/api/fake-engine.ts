/** An engine that answers from memory: what the API makes of it is what the tests look at. */
import type { Attachment, Engine } from '../../src/engine/index.ts';
import { containerFailure } from '../../src/model/failures/container.ts';
import { execFailure } from '../../src/model/failures/exec.ts';
import { networkFailure } from '../../src/model/failures/network.ts';
import { volumeFailure } from '../../src/model/failures/volume.ts';
import { fakeBuilds } from './fake/builds.ts';
import { fakeContainers } from './fake/containers.ts';
import { events, execInspected, ID, imageListed, info, network, version, volume } from './fake/documents.ts';
import { fakeImages } from './fake/images.ts';
import type { Fake, Stage } from './fake/stage.ts';
import { echo } from './fake/streams.ts';

/** An engine with one container, image and volume, and a record of what was asked of it. */
export function fakeEngine(): Fake {
  const ended = Promise.withResolvers<number>();
  const open = new Set<Attachment>();
  const signals: AbortSignal[] = [];
  const fake: Stage['fake'] = {
    calls: [],
    names: new Set(['web', ID]),
    running: true,
    terminal: false,
    failingBuilds: false,
    gate: undefined,
    exit: ended.resolve,
    open,
    signals,
  };
  const stage: Stage = {
    fake,
    ended: ended.promise,
    open,
    signals,
    kept: undefined,
    known: (name) => {
      if (!fake.names.has(name.replace(/^\//, ''))) throw containerFailure.notFound({ name });
    },
    note: (...call) => void fake.calls.push(call),
  };
  const engine: Engine = {
    builds: fakeBuilds(stage),
    containers: fakeContainers(stage),
    execs: execsOf(stage),
    images: fakeImages(stage),
    networks: networksOf(stage),
    volumes: volumesOf(stage),
    events: eventsOf(stage),
    system: systemOf(stage),
  };
  return Object.assign(fake, { engine });
}

const execsOf = ({ fake, note, known, open }: Stage): Engine['execs'] => {
  return {
    async create(container, request) {
      known(container);
      note('execCreate', container, request);
      return { Id: execInspected.ID };
    },
    async start(id, { accepted, ...options }) {
      note('execStart', id, options);
      if (id === 'unknown') throw execFailure.notFound({ id });
      accepted();
      await fake.gate;
      if (id === 'broken') throw new Error('OCI runtime exec failed: no such file');
      return options.detach ? undefined : echo(options.tty ?? false, open);
    },
    async resize(id, size) {
      note('execResize', id, size);
    },
    inspect: async () => execInspected,
  };
};

const networksOf = ({ note }: Stage): Engine['networks'] => ({
  async list(filters, options) {
    note('networks', filters, options);
    const { Containers, Status: _status, ...summary } = network;
    return [options.members ? { ...summary, Containers } : summary];
  },
  async inspect(term, options) {
    note('networkInspect', term, options);
    if (term === 'missing') throw networkFailure.notFound({ name: term });
    return network;
  },
  async create(request, options) {
    note('networkCreate', request, options);
    return { Id: ID, Warning: '' };
  },
  async remove(term) {
    note('networkRemove', term);
  },
  async connect(term, request) {
    note('networkConnect', term, request);
  },
  async disconnect(term, request) {
    note('networkDisconnect', term, request);
  },
  async prune(filters) {
    note('networksPrune', filters);
    return {};
  },
});

const volumesOf = ({ note }: Stage): Engine['volumes'] => {
  return {
    async list(filters) {
      note('volumes', filters);
      return { Volumes: [volume] };
    },
    async inspect(name) {
      if (name === 'missing') throw volumeFailure.notFound({ name: 'missing' });
      note('volumeInspect', name);
      return volume;
    },
    async create(request) {
      note('volumeCreate', request);
      return volume;
    },
    async remove(name, options) {
      note('volumeRemove', name, options);
      if (name === 'used') throw volumeFailure.inUse({ name: 'used', users: ['abc'] });
    },
    async prune(filters) {
      note('volumesPrune', filters);
      return { VolumesDeleted: ['data'], SpaceReclaimed: 7 };
    },
  };
};

const eventsOf = ({ note, signals }: Stage): Engine['events'] => {
  return {
    async *subscribe({ signal, filters, since, until }) {
      note('events', filters, since, until);
      signals.push(signal);
      yield events;
      if (until === undefined && !signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  };
};

const systemOf = ({ note }: Stage): Engine['system'] => {
  return {
    info: async () => info,
    version: async () => version,
    async diskUsage({ kinds }) {
      note('diskUsage', kinds);
      const usage = { TotalCount: 1, ActiveCount: 1, TotalSize: 9, Reclaimable: 0 };
      const nameless = { ...imageListed, RepoTags: [], RepoDigests: [] };
      return {
        ...(kinds.includes('image') && {
          ImageUsage: { ...usage, Items: [nameless] },
        }),
        ...(kinds.includes('volume') && {
          VolumeUsage: {
            ...usage,
            Items: [{ ...volume, UsageData: { RefCount: 1, Size: 9 } }],
          },
        }),
        ...(kinds.includes('container') && { ContainerUsage: { ...usage, Items: [] } }),
        ...(kinds.includes('build-cache') && { BuildCacheUsage: usage }),
      };
    },
  };
};
