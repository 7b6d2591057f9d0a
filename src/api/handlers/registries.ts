/** Registries: today's input → engine call → today's output. */
import { readAuthHeader, readCredentials } from '../../formats/credentials.ts';
import { registryFailure } from '../../model/failures/registry.ts';
import { requestFailure } from '../../model/failures/request.ts';
import type { Handlers } from './handlers.ts';

export const registries: Handlers<Extract<keyof Handlers, `registry${string}`>> = {
  async registryAuth({ body }, { engine, logins, signal }) {
    const kept = logins === 'kept' ? await engine.images.keptLogin() : undefined;
    // Who is known and says no password keeps the one there is, at the registry that it was given for.
    const isSame =
      !body.password && kept?.username === body.username && kept?.server === (body.serveraddress ?? '');
    const credentials = readCredentials(isSame ? { ...body, password: kept?.password } : body);
    if (credentials === undefined) throw registryFailure.loginIncomplete();
    const server = body.serveraddress ?? '';
    await engine.images.login({ server, credentials, signal });
    if (logins === 'kept' && credentials.is === 'password') {
      const { username, password } = credentials;
      await engine.images.keepLogin({ server, username, password, email: body.email ?? '' });
    }
    return { Status: 'Login Succeeded', IdentityToken: '' };
  },

  async registryLogin(_input, { engine, logins }) {
    if (logins === 'sent') throw requestFailure.loginsNotKept();
    const { username = '', email = '' } = (await engine.images.keptLogin()) ?? {};
    return { username, password: '', email };
  },

  registryDistribution: ({ params }, { engine, registryAuth, signal }) =>
    engine.images.distribution({ image: params.name, credentials: readAuthHeader(registryAuth), signal }),
};
