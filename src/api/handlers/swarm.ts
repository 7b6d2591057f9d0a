/** Swarm mode: this engine is in no swarm, and says what engines say that are in none. */
import { swarmFailure } from '../../model/failures/swarm.ts';
import { brief } from '../../model/log-options.ts';
import type { Handlers } from './handlers.ts';

type Noun = 'config' | 'node' | 'secret' | 'service' | 'swarm' | 'task';

const needsManager = async (): Promise<never> => {
  throw swarmFailure.notManager();
};
const unsupported = async (): Promise<never> => {
  throw swarmFailure.unsupported();
};
const notMember = async (): Promise<never> => {
  throw swarmFailure.notMember();
};

/** What changes a thing says which version of it is meant. */
const changes =
  (noun: string, failure: (told: { noun: string; said: string }) => Error = swarmFailure.versionInvalid) =>
  async ({ query }: { readonly query: { readonly version: string | undefined } }): Promise<never> => {
    const said = query.version ?? '';
    throw /^\d{1,20}$/.test(said) ? swarmFailure.notManager() : failure({ noun, said: brief(said) });
  };
const logs = async ({
  query,
}: {
  readonly query: { readonly stdout: boolean; readonly stderr: boolean };
}): Promise<never> => {
  throw query.stdout || query.stderr ? swarmFailure.notManager() : swarmFailure.noStream();
};

export const swarm: Handlers<Extract<keyof Handlers, `${Noun}${string}`>> = {
  swarmInspect: needsManager,
  swarmInit: unsupported,
  swarmJoin: unsupported,
  swarmLeave: notMember,
  swarmUpdate: changes('swarm'),
  swarmUnlockKey: needsManager,
  swarmUnlock: needsManager,
  nodeList: needsManager,
  nodeInspect: needsManager,
  nodeDelete: needsManager,
  nodeUpdate: changes('node'),
  serviceList: needsManager,
  serviceCreate: needsManager,
  serviceInspect: needsManager,
  serviceDelete: needsManager,
  serviceUpdate: changes('service'),
  serviceLogs: logs,
  taskList: needsManager,
  taskInspect: needsManager,
  taskLogs: logs,
  secretList: needsManager,
  secretCreate: needsManager,
  secretInspect: needsManager,
  secretDelete: needsManager,
  secretUpdate: changes('secret', swarmFailure.versionUnread),
  configList: needsManager,
  configCreate: needsManager,
  configInspect: needsManager,
  configDelete: needsManager,
  configUpdate: changes('config', swarmFailure.versionUnread),
};
