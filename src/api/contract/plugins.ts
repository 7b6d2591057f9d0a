/** Managed plugins: the list of them, which is empty, and what is refused, for there are none. */
import { list, string } from '../../base/schema.ts';
import { Plugin } from '../../model/plugin.ts';
import { body, json, never, operation, REGISTRY_AUTH, type Route } from './operation.ts';
import { filters, flag, number, type Parameters, text } from './query.ts';

export const pluginList = operation({
  route: 'GET /plugins',
  summary: 'List managed plugins.',
  query: { filters: filters() },
  success: json(200, list(Plugin)),
  errors: [400, 500],
});

/** What would need a plugin. */
const ofPlugin = <const R extends Route, const Q extends Parameters = Record<never, never>>(
  route: R,
  summary: string,
  query?: Q,
) => operation({ route, summary, query: query ?? ({} as Q), success: never(404), errors: [404] });

export const pluginInspect = ofPlugin('GET /plugins/{name}/json', 'Show a plugin.');
export const pluginInspectEarly = operation({
  ...ofPlugin('GET /plugins/{name}', 'Show a plugin.'),
  lastMinor: 24,
});
export const pluginDelete = ofPlugin('DELETE /plugins/{name}', 'Remove a plugin.', { force: flag() });
export const pluginEnable = ofPlugin('POST /plugins/{name}/enable', 'Switch a plugin on.', {
  timeout: number(),
});
export const pluginDisable = ofPlugin('POST /plugins/{name}/disable', 'Switch a plugin off.', {
  force: flag(),
});
export const pluginPush = ofPlugin('POST /plugins/{name}/push', 'Send a plugin to its registry.');
export const pluginSet = {
  ...ofPlugin('POST /plugins/{name}/set', 'Change what a plugin is started with.'),
  body: body(list(string()), { required: true }),
};
export const pluginUpgrade = operation({
  ...ofPlugin('POST /plugins/{name}/upgrade', 'Bring a newer plugin.', { remote: text() }),
  headers: { 'X-Registry-Auth': REGISTRY_AUTH },
});

/** What would make or bring one. */
const newPlugin = <const R extends Route, const Q extends Parameters>(route: R, summary: string, query: Q) =>
  operation({ route, summary, query, success: never(501), errors: [501] });

export const pluginPrivileges = newPlugin('GET /plugins/privileges', 'Show what a plugin asks for.', {
  remote: text(),
});
export const pluginPull = operation({
  ...newPlugin('POST /plugins/pull', 'Install a plugin.', { remote: text(), name: text() }),
  headers: { 'X-Registry-Auth': REGISTRY_AUTH },
});
export const pluginCreate = newPlugin('POST /plugins/create', 'Make a plugin.', { name: text() });
