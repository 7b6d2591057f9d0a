/** Managed plugins: the list of them, which is empty. */
import { list } from '../../base/schema.ts';
import { Plugin } from '../../model/plugin.ts';
import { json, operation } from './operation.ts';
import { filters } from './query.ts';

export const pluginList = operation({
  route: 'GET /plugins',
  summary: 'List managed plugins.',
  query: { filters: filters() },
  success: json(200, list(Plugin)),
  errors: [500],
});
