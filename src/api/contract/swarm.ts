/** Swarm mode: what every engine is asked, and one that is in no swarm refuses. */
import { object } from '../../base/schema.ts';
import { body, never, operation, REGISTRY_AUTH, type Route } from './operation.ts';
import { filters, flag, type Parameters, text } from './query.ts';

/** What needs a swarm. */
const inSwarm = <const R extends Route, const Q extends Parameters = Record<never, never>>(
  route: R,
  summary: string,
  query?: Q,
) => operation({ route, summary, query: query ?? ({} as Q), success: never(503), errors: [400, 503] });

/** The same with a body that must be there and be an object: whatever it says, the answer would be the same. */
const told = <const R extends Route, const Q extends Parameters = Record<never, never>>(
  route: R,
  summary: string,
  query?: Q,
) => ({ ...inSwarm(route, summary, query), body: body(object('Spec', {}), { required: true }) });

/** What the output of services and tasks is asked with. */
const LOGS = {
  ...{ details: flag(), follow: flag(), stdout: flag(), stderr: flag(), timestamps: flag() },
  ...{ since: text(), tail: text() },
};

export const swarmInspect = inSwarm('GET /swarm', 'Show the swarm.');
export const swarmInit = told('POST /swarm/init', 'Begin a swarm.');
export const swarmJoin = told('POST /swarm/join', 'Join a swarm.');
export const swarmLeave = inSwarm('POST /swarm/leave', 'Leave the swarm.', { force: flag() });
export const swarmUpdate = told('POST /swarm/update', 'Change the swarm.', {
  version: text(),
  rotateWorkerToken: flag(),
  rotateManagerToken: flag(),
  rotateManagerUnlockKey: flag(),
});
export const swarmUnlockKey = inSwarm('GET /swarm/unlockkey', 'Show the key that unlocks managers.');
export const swarmUnlock = told('POST /swarm/unlock', 'Unlock a manager.');

export const nodeList = inSwarm('GET /nodes', "List the swarm's nodes.", { filters: filters() });
export const nodeInspect = inSwarm('GET /nodes/{id}', 'Show a node.');
export const nodeDelete = inSwarm('DELETE /nodes/{id}', 'Remove a node.', { force: flag() });
export const nodeUpdate = told('POST /nodes/{id}/update', 'Change a node.', { version: text() });

export const serviceList = inSwarm('GET /services', 'List services.', { filters: filters(), status: flag() });
export const serviceCreate = {
  ...told('POST /services/create', 'Create a service.'),
  headers: { 'X-Registry-Auth': REGISTRY_AUTH },
};
export const serviceInspect = inSwarm('GET /services/{id}', 'Show a service.', { insertDefaults: flag() });
export const serviceDelete = inSwarm('DELETE /services/{id}', 'Remove a service.');
export const serviceUpdate = {
  ...told('POST /services/{id}/update', 'Change a service.', {
    version: text(),
    registryAuthFrom: text(),
    rollback: text(),
  }),
  headers: { 'X-Registry-Auth': REGISTRY_AUTH },
};
export const serviceLogs = inSwarm(
  'GET /services/{id}/logs',
  "Read what a service's containers wrote.",
  LOGS,
);

export const taskList = inSwarm('GET /tasks', 'List tasks.', { filters: filters() });
export const taskInspect = inSwarm('GET /tasks/{id}', 'Show a task.');
export const taskLogs = inSwarm('GET /tasks/{id}/logs', "Read what a task's container wrote.", LOGS);

export const secretList = inSwarm('GET /secrets', 'List secrets.', { filters: filters() });
export const secretCreate = told('POST /secrets/create', 'Create a secret.');
export const secretInspect = inSwarm('GET /secrets/{id}', 'Show a secret.');
export const secretDelete = inSwarm('DELETE /secrets/{id}', 'Remove a secret.');
export const secretUpdate = told('POST /secrets/{id}/update', 'Change a secret.', { version: text() });

export const configList = inSwarm('GET /configs', 'List configs.', { filters: filters() });
export const configCreate = told('POST /configs/create', 'Create a config.');
export const configInspect = inSwarm('GET /configs/{id}', 'Show a config.');
export const configDelete = inSwarm('DELETE /configs/{id}', 'Remove a config.');
export const configUpdate = told('POST /configs/{id}/update', 'Change a config.', { version: text() });
