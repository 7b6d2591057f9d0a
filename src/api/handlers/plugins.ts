/** Managed plugins: this engine has none. */
import type { Handlers } from './handlers.ts';

export const plugins: Handlers<Extract<keyof Handlers, `plugin${string}`>> = {
  pluginList: async () => [],
};
