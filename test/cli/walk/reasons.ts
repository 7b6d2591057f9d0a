/** Commands and flags that no scene can compare, and why. */
import type { Reasons } from './page.ts';

const TLS = 'test/listeners/tls-cli.test.ts plays it';

const NO_PLUGINS = 'managed plugins are programs of others with the rights of the engine: Gantry has none';

const NOTARY = 'the command line asks a Notary server, and no engine';

export const reasons: Reasons = {
  notServed: {
    'plugin install': NO_PLUGINS,
    'plugin create': NO_PLUGINS,
    'plugin upgrade': NO_PLUGINS,
    'trust inspect': NOTARY,
    'trust revoke': NOTARY,
    'trust sign': NOTARY,
    'trust signer add': NOTARY,
    'trust signer remove': NOTARY,
  },
  elsewhere: {
    '--tls': TLS,
    '--tlscacert': TLS,
    '--tlscert': TLS,
    '--tlskey': TLS,
    '--tlsverify': TLS,
  },
};
