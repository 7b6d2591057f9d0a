/** Registries of images: the client's half of the OCI distribution protocol. */

export { type Download, download } from './download.ts';
export { RegistryError, Unreachable, Unresumable } from './failure.ts';
export { Registries, registryOf, type SearchHit, type Way } from './registries.ts';
export { isMissing, type ManifestDocument, type Repository } from './repository.ts';
export type { RegistrySettings } from './settings.ts';
export { pauseAfter } from './transport.ts';
