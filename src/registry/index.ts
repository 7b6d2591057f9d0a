/** Registries of images: the client's half of the OCI distribution protocol. */

export type { Download } from './download.ts';
export { RegistryError, Unresumable } from './failure.ts';
export { type Proxies, readProxy } from './proxies.ts';
export { HUB_LOGIN, Registries, registryOf } from './registries.ts';
export { isMissing, type ManifestDocument, type Repository } from './repository.ts';
export { firstRoute } from './routes.ts';
export { HUB, type RegistrySettings } from './settings.ts';
export { pauseAfter } from './transport.ts';
