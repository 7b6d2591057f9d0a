/** Which of a client's logins is for a registry. */
import { EngineError } from '../../base/errors.ts';
import type { Credentials } from '../../formats/credentials.ts';
import type { ImageReference } from '../../formats/reference.ts';
import { registryOf } from '../../registry/index.ts';

/**
 * The login for the registry `domain` among those by what the client calls each, a host or an address; the login
 * under '' is for whatever registry has none of its own.
 */
export function loginFor(domain: string, logins: ReadonlyMap<string, Credentials>): Credentials | undefined {
  const own = [...logins].find(([server]) => server !== '' && isOf(server, domain));
  return logins.get(domain) ?? own?.[1] ?? logins.get('');
}

function isOf(server: string, domain: string): boolean {
  try {
    return registryOf(server) === domain;
  } catch (error) {
    if (error instanceof EngineError) return false; // nonsense is nobody's name
    throw error;
  }
}

/** Whom a client of BuildKit is asked its login for: the hub has a name of its own there. */
export const loginHost = ({ domain }: Pick<ImageReference, 'domain'>): string =>
  domain === 'docker.io' ? 'registry-1.docker.io' : domain;
