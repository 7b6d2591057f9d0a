/** Managed plugins: this engine has none. */

import { readBoolean } from '../../base/go-boolean.ts';
import { filterFailure } from '../../model/failures/filter.ts';
import { pluginFailure } from '../../model/failures/plugin.ts';
import type { Handlers } from './handlers.ts';

const notFound = async ({ params }: { readonly params: { readonly name: string } }): Promise<never> => {
  throw pluginFailure.notFound({ name: params.name });
};
const unsupported = async (): Promise<never> => {
  throw pluginFailure.unsupported();
};

export const plugins: Handlers<Extract<keyof Handlers, `plugin${string}`>> = {
  pluginList: async ({ query }) => {
    for (const [name, values] of query.filters) {
      if (name !== 'enabled' && name !== 'capability') throw filterFailure.unknown({ name });
      if (name === 'enabled' && values.some((value) => readBoolean(value) === undefined))
        throw filterFailure.valuesInvalid({ name, values });
    }
    return [];
  },
  pluginInspect: notFound,
  pluginInspectEarly: notFound,
  pluginDelete: notFound,
  pluginEnable: notFound,
  pluginDisable: notFound,
  pluginPush: notFound,
  pluginSet: notFound,
  pluginUpgrade: notFound,
  pluginPrivileges: unsupported,
  pluginPull: unsupported,
  pluginCreate: unsupported,
};
