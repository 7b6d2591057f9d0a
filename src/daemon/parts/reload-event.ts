/** What clients that listen to events are told when the daemon has read again what it can: dockerd's event, ours said in it. */
import { hostname } from 'node:os';
import type { EventHub } from '../../engine/index.ts';
import { engineId } from '../identity.ts';
import type { DaemonOptions } from '../options.ts';

/** The event, with the settings that hold now, lists as JSON. */
export const reloadEvent = (options: DaemonOptions): Parameters<EventHub['emit']>[0] => ({
  Type: 'daemon',
  Action: 'reload',
  id: engineId(options.dataRoot),
  attributes: {
    debug: String(options.logLevel === 'debug'),
    'default-runtime': options.defaultRuntime,
    'insecure-registries': JSON.stringify(options.insecureRegistries),
    labels: JSON.stringify(options.labels),
    'live-restore': 'true',
    'max-concurrent-downloads': String(options.maxConcurrentDownloads),
    'max-concurrent-uploads': String(options.maxConcurrentUploads),
    name: hostname(),
    'registry-mirrors': JSON.stringify(options.registryMirrors),
  },
});
