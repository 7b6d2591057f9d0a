/** Registries: the endpoints of the newest API that ask them something. */
import { AuthAnswer, AuthConfig, DistributionInspect, ShownLogin } from '../../model/registry.ts';
import { body, json, operation, REGISTRY_AUTH } from './operation.ts';

export const registryAuth = operation({
  route: 'POST /auth',
  summary: 'Check credentials at a registry.',
  body: body(AuthConfig),
  success: json(200, AuthAnswer),
  errors: [400, 401, 500],
});

export const registryLogin = operation({
  route: 'GET /auth',
  summary: 'Show who is logged in, where logins stay with the engine.',
  success: json(200, ShownLogin),
  errors: [500],
  // Gone since 1.2, which for some time said so with an empty 404 of its own.
  lastMinor: 11,
});

export const registryDistribution = operation({
  route: 'GET /distribution/{name}/json',
  summary: 'Show what a name leads to at its registry.',
  headers: { 'X-Registry-Auth': REGISTRY_AUTH },
  success: json(200, DistributionInspect),
  errors: [401, 404, 500],
});
