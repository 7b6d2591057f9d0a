/** What clients learn of the builder before they ask it for anything: one worker, and what it can do. */
import type { Engine } from '../../engine/index.ts';
import { hostPlatform } from '../../formats/platform.ts';
import type { SystemInfo } from '../../model/system.ts';
import { Platform, WorkerRecord } from './messages/common.ts';

/** The release of BuildKit whose behaviour the builder follows. */
export const LIKE = { package: 'github.com/moby/buildkit', version: 'v0.13.2', revision: '' } as const;

/** With this label clients know that results can be exported as archives, and for several platforms. */
const SNAPSHOTTER = 'org.mobyproject.buildkit.worker.snapshotter';
const GATEWAY_ADDRESS = 'org.mobyproject.buildkit.worker.moby.host-gateway-ip';

/** The one that there is. */
export async function workerOf(engine: Pick<Engine, 'networks' | 'system'>) {
  const { ID, Name, Driver } = await lastingOf(engine);
  const { os, architecture, variant } = hostPlatform();
  const [address] = await gatewaysOf(engine.networks);
  return WorkerRecord.create({
    id: ID,
    labels: new Map([
      ['org.mobyproject.buildkit.worker.executor', 'containerd'],
      ['org.mobyproject.buildkit.worker.hostname', Name],
      ['org.mobyproject.buildkit.worker.network', 'bridge'],
      [SNAPSHOTTER, Driver],
      ...(address === undefined ? [] : [[GATEWAY_ADDRESS, address] as const]),
    ]),
    platforms: [Platform.create({ os, architecture, variant: variant ?? '' })],
    version: LIKE,
  });
}

const lasting = new WeakMap<object, Promise<Pick<SystemInfo, 'ID' | 'Name' | 'Driver'>>>();

/** What never changes of an engine: to tell all of it takes longer than many a build. */
function lastingOf(engine: Pick<Engine, 'system'>): Promise<Pick<SystemInfo, 'ID' | 'Name' | 'Driver'>> {
  const known = lasting.get(engine) ?? engine.system.info();
  lasting.set(engine, known);
  known.catch(() => lasting.delete(engine));
  return known;
}

/** What `host-gateway` stands for: the default network's own address. */
async function gatewaysOf(networks: Engine['networks']): Promise<string[]> {
  const bridge = await networks.inspect('bridge', {}).catch(() => undefined);
  return (bridge?.IPAM.Config ?? []).flatMap(({ Gateway = '' }) => (Gateway === '' ? [] : [Gateway]));
}

const enabled = (ids: readonly string[]) => ids.map((id) => ({ id, enabled: true }));

/** What a client's own build function may ask. */
export const FRONTEND_CAPABILITIES = enabled([
  'solve.base',
  'solve.inlinereturn',
  'resolveimage',
  'resolveimage.resolvemode',
  'readfile',
  'readdir',
  'statfile',
  'return',
  'returnmap',
  'importcaches',
  'proto.refarray',
  'reference.output',
  'frontend.inputs',
  'gateway.solve.metadata',
  'frontend.caps',
  'gateway.solve.evaluate',
  'gateway.evaluate',
  'gateway.warnings',
  'source.metaresolver',
]);

/** What a build may ask for, by the names that clients look for. */
export const GRAPH_CAPABILITIES = enabled([
  'source.image',
  'source.image.resolvemode',
  'source.local',
  'source.local.unique',
  'source.local.sessionid',
  'source.local.includepatterns',
  'source.local.followpaths',
  'source.local.excludepatterns',
  'source.local.sharedkeyhint',
  'source.git',
  'source.git.keepgitdir',
  'source.git.fullurl',
  'source.git.httpauth',
  'source.git.knownsshhosts',
  'source.git.mountsshsock',
  'source.git.subdir',
  'source.http',
  'source.http.checksum',
  'exec.meta.base',
  'exec.meta.network',
  'exec.meta.proxyenv',
  'exec.meta.security',
  'exec.meta.setsdefaultpath',
  'exec.meta.ulimit',
  'exec.mount.bind',
  'exec.mount.cache',
  'exec.mount.cache.sharing',
  'exec.mount.tmpfs',
  'exec.mount.tmpfs.size',
  'exec.mount.secret',
  'exec.mount.ssh',
  'exec.secretenv',
  'file.base',
  'constraints',
  'platform',
  'meta.ignorecache',
  'meta.description',
  'meta.exportcache',
  'exporter.multiple',
  'exporter.image.annotations',
]);
