/** Registries: today's input → engine call → today's output. */
import { InvalidArgument } from '../../base/errors.ts';
import { readAuthHeader, readCredentials } from '../../formats/credentials.ts';
import type { Handlers } from './handlers.ts';

export const registries: Handlers<Extract<keyof Handlers, `registry${string}`>> = {
  async registryAuth({ body }, { engine, signal }) {
    const credentials = readCredentials(body);
    if (credentials === undefined)
      throw new InvalidArgument('a user name and a password are needed to log in');
    await engine.images.login({ server: body.serveraddress ?? '', credentials, signal });
    return { Status: 'Login Succeeded', IdentityToken: '' };
  },

  registryDistribution: ({ params }, { engine, registryAuth, signal }) =>
    engine.images.distribution({ image: params.name, credentials: readAuthHeader(registryAuth), signal }),
};
