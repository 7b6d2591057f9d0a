/** Commands and flags that no scene can compare, and why. */
import type { Reasons } from './page.ts';

const NO_PLUGINS = 'managed plugins are programs of others with the rights of the engine: Gantry has none';

const NOTARY = 'the command line asks a Notary server, and no engine';

/** Docker 29 has these in a program of its own. */
const TRUST = {
  'trust inspect': NOTARY,
  'trust revoke': NOTARY,
  'trust sign': NOTARY,
  'trust signer add': NOTARY,
  'trust signer remove': NOTARY,
};

/** For a command line of this major version. */
export const reasonsFor = (major: number): Reasons => ({
  notServed: {
    ...(major < 29 ? TRUST : {}),
    'plugin install': NO_PLUGINS,
    'plugin create': NO_PLUGINS,
    'plugin upgrade': NO_PLUGINS,
  },
  elsewhere: {},
});
