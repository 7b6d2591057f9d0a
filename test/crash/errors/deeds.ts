/** Calls of the API that meet an error of the kernel: what each needs, what it does, and what may stay when it fails. */

import type { Answer, Api } from '../../harness/http.ts';
import { file, tarOf } from '../../harness/layered.ts';
import { subnetAt } from '../../harness/subnets.ts';

/** One call, made again and again. */
export interface Deed {
  /** Brings about the state in which the call is made: from any state. */
  readonly prepare: (api: Api) => Promise<unknown>;
  readonly perform: (api: Api) => Promise<Answer>;
  /** It has two halves, and the first may have been done when the second fails. */
  readonly halves?: true;
  /** It has said that all is well before it reads: then its connection breaks off. */
  readonly streams?: true;
}

const CONTAINER = '/containers/one';
const body = (more: object = {}, host: object = {}) => ({
  Image: 'busybox',
  Cmd: ['sleep', '100000'],
  ...more,
  HostConfig: { NetworkMode: 'none', ...host },
});
const create = (api: Api, ...given: Parameters<typeof body>) =>
  api.post('/containers/create?name=one', body(...given));
const gone = (api: Api) => api.delete(`${CONTAINER}?force=1&v=1`);

/** A container that is made anew each time. */
const created = async (api: Api, ...given: Parameters<typeof body>): Promise<void> => {
  await gone(api);
  await create(api, ...given);
};
const running = async (api: Api, ...given: Parameters<typeof body>): Promise<void> => {
  await created(api, ...given);
  await api.post(`${CONTAINER}/start`);
};
const network = (api: Api) =>
  api.post('/networks/create', { Name: 'net', IPAM: { Config: [{ Subnet: subnetAt(0) }] } });
const onNetwork = async (api: Api): Promise<void> => {
  await gone(api);
  await network(api);
  await running(api, {}, { NetworkMode: 'bridge' });
};
/** Those without a name too. */
const noVolumes = (api: Api) =>
  api.post(`/volumes/prune?filters=${encodeURIComponent(JSON.stringify({ all: ['true'] }))}`);
const headers = { 'content-type': 'application/x-tar' };
const built = (api: Api) =>
  api.request('POST', '/build?t=built:1&networkmode=none&rm=1', {
    headers,
    body: tarOf([file('Dockerfile', 'FROM busybox\nCOPY f /f\nRUN echo done >/done\n'), file('f', 'f')]),
  });
/** Nothing of what the deeds on images make. */
const noImages = async (api: Api): Promise<void> => {
  for (const name of ['made:1', 'built:1']) await api.delete(`/images/${name}?force=1`);
  await api.post('/build/prune?all=1');
};

const containers: Readonly<Record<string, Deed>> = {
  create: { prepare: gone, perform: (api) => create(api) },
  'create with a volume': {
    prepare: async (api) => {
      await gone(api);
      await noVolumes(api);
    },
    perform: (api) => create(api, { Volumes: { '/var': {} } }, { Binds: ['named:/etc'] }),
  },
  start: { prepare: (api) => created(api), perform: (api) => api.post(`${CONTAINER}/start`) },
  'start on a network': {
    prepare: async (api) => {
      await gone(api);
      await network(api);
      await create(api, {}, { NetworkMode: 'net', PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1' }] } });
    },
    perform: (api) => api.post(`${CONTAINER}/start`),
  },
  stop: { prepare: (api) => running(api), perform: (api) => api.post(`${CONTAINER}/stop?t=0`) },
  kill: { prepare: (api) => running(api), perform: (api) => api.post(`${CONTAINER}/kill`) },
  restart: {
    prepare: (api) => running(api),
    perform: (api) => api.post(`${CONTAINER}/restart?t=0`),
    halves: true,
  },
  pause: { prepare: (api) => running(api), perform: (api) => api.post(`${CONTAINER}/pause`) },
  unpause: {
    prepare: async (api) => {
      await running(api);
      await api.post(`${CONTAINER}/pause`);
    },
    perform: (api) => api.post(`${CONTAINER}/unpause`),
  },
  rename: {
    prepare: async (api) => {
      await api.delete('/containers/other?force=1&v=1');
      await created(api);
    },
    perform: (api) => api.post(`${CONTAINER}/rename?name=other`),
  },
  update: {
    prepare: (api) => running(api),
    perform: (api) => api.post(`${CONTAINER}/update`, { Memory: 64 << 20, MemorySwap: -1 }),
  },
  rm: {
    prepare: (api) => created(api, { Volumes: { '/var': {} } }),
    perform: (api) => api.delete(`${CONTAINER}?v=1`),
  },
  'rm -f': { prepare: (api) => running(api), perform: gone, halves: true },
  exec: {
    prepare: (api) => running(api),
    async perform(api) {
      const made = await api.post(`${CONTAINER}/exec`, { Cmd: ['true'], AttachStdout: true });
      if (made.status >= 400) return made;
      return await api.post(`/exec/${made.json<{ Id: string }>().Id}/start`, { Detach: false });
    },
  },
  'put files': {
    prepare: (api) => created(api),
    perform: (api) => api.put(`${CONTAINER}/archive?path=/`, tarOf([file('put', 'put')]), { headers }),
    halves: true,
  },
  logs: {
    prepare: async (api) => {
      await gone(api);
      await create(api, { Cmd: ['echo', 'said'] });
      await api.post(`${CONTAINER}/start`);
      await api.post(`${CONTAINER}/wait`);
    },
    perform: (api) => api.get(`${CONTAINER}/logs?stdout=1&stderr=1`),
    streams: true,
  },
  'get files': {
    prepare: (api) => created(api),
    perform: (api) => api.get(`${CONTAINER}/archive?path=/etc`),
  },
};

const others: Readonly<Record<string, Deed>> = {
  'volume create': {
    prepare: (api) => api.delete('/volumes/vol?force=1'),
    perform: (api) => api.post('/volumes/create', { Name: 'vol' }),
  },
  'volume rm': {
    prepare: (api) => api.post('/volumes/create', { Name: 'vol' }),
    perform: (api) => api.delete('/volumes/vol'),
  },
  'network create': { prepare: (api) => api.delete('/networks/net'), perform: network },
  'network rm': {
    prepare: async (api) => {
      await gone(api);
      await network(api);
    },
    perform: (api) => api.delete('/networks/net'),
  },
  connect: {
    prepare: onNetwork,
    perform: (api) => api.post('/networks/net/connect', { Container: 'one' }),
  },
  disconnect: {
    prepare: async (api) => {
      await onNetwork(api);
      await api.post('/networks/net/connect', { Container: 'one' });
    },
    perform: (api) => api.post('/networks/net/disconnect', { Container: 'one' }),
  },
  commit: {
    prepare: async (api) => {
      await noImages(api);
      await created(api);
      await api.put(`${CONTAINER}/archive?path=/`, tarOf([file('put', 'put')]), { headers });
    },
    perform: (api) => api.post('/commit?container=one&repo=made&tag=1'),
  },
  import: {
    prepare: noImages,
    perform: (api) =>
      api.post('/images/create?fromSrc=-&repo=made&tag=1', tarOf([file('in', 'in')]), { headers }),
  },
  tag: { prepare: noImages, perform: (api) => api.post('/images/busybox/tag?repo=made&tag=1') },
  rmi: {
    prepare: async (api) => {
      await noImages(api);
      await api.post('/images/create?fromSrc=-&repo=made&tag=1', tarOf([file('in', 'in')]), { headers });
    },
    perform: (api) => api.delete('/images/made:1'),
    halves: true, // the name goes first, as the first engine does it
  },
  save: { prepare: noImages, perform: (api) => api.get('/images/busybox/get'), streams: true },
  build: { prepare: noImages, perform: built, halves: true },
};

/** By what people call them. */
export const DEEDS: Readonly<Record<string, Deed>> = { ...containers, ...others };

/** Takes away what deeds leave in good order. */
export async function clear(api: Api): Promise<void> {
  for (const name of ['one', 'other']) await api.delete(`/containers/${name}?force=1&v=1`);
  await noImages(api);
  await noVolumes(api);
  await api.delete('/networks/net');
}
