/** What registries are asked and what they answer, beyond images themselves. */
import { blank, boolean, type Infer, integer, list, object, optional, string } from '../base/schema.ts';
import { Descriptor, Platform } from './descriptor.ts';

/** An image that a search has found. */
export const SearchResult = object('SearchResult', {
  star_count: integer('int'),
  is_official: boolean(),
  name: string(),
  is_automated: boolean(),
  description: string(),
});
export type SearchResult = Infer<typeof SearchResult>;

/** What a registry has under a name. */
export const DistributionInspect = object('DistributionInspect', {
  Descriptor,
  Platforms: list(Platform),
});
export type DistributionInspect = Infer<typeof DistributionInspect>;

/** Who somebody is at a registry, as `docker login` sends it. */
export const AuthConfig = object('AuthConfig', {
  username: blank(string()),
  password: blank(string()),
  auth: blank(string()),
  email: blank(string()),
  serveraddress: blank(string()),
  identitytoken: blank(string()),
  registrytoken: blank(string()),
});
export type AuthConfig = Infer<typeof AuthConfig>;

/** A login that stays with the engine, as the first clients left it there. */
export interface KeptLogin {
  /** As the client said it; empty: Docker Hub. */
  readonly server: string;
  readonly username: string;
  readonly password: string;
  readonly email: string;
}

/** The kept login as it is shown: never its password. */
export const ShownLogin = object('ShownLogin', { username: string(), password: string(), email: string() });
export type ShownLogin = Infer<typeof ShownLogin>;

/** How a login ended. */
export const AuthAnswer = object('AuthResponse', { Status: string(), IdentityToken: optional(string()) });
export type AuthAnswer = Infer<typeof AuthAnswer>;
