/** What the daemon is told about TLS on its TCP sockets: whether, for whom, and by which files. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidArgument } from '../base/errors.ts';
import type { Environment } from './proxies.ts';
import type { Values } from './settings.ts';

/** TLS that was asked for. The files are read when the daemon starts, and again on SIGHUP. */
export interface TlsOptions {
  readonly cert: string;
  readonly key: string;
  /** Authorities whose clients are let in; undefined: everybody is. */
  readonly clientAuthorities: string | undefined;
}

/**
 * Whoever says `tlsverify`, even `false`, wants TLS, and DOCKER_TLS_VERIFY says it where no setting does, as dockerd
 * has it. @throws InvalidArgument
 */
export function readTls(values: Values, environment: Environment): TlsOptions | undefined {
  const isOff = values.get('tls') === false;
  const verify = values.get('tlsverify') ?? (environment.DOCKER_TLS_VERIFY && !isOff ? true : undefined);
  if (verify === true && isOff)
    throw new InvalidArgument(
      'tls and tlsverify contradict each other: without TLS no client can be verified',
    );
  if (values.get('tls') !== true && verify === undefined) return undefined;
  const directory = environment.DOCKER_CERT_PATH || join(homedir(), '.docker');
  const file = (key: string, name: string): string => {
    const given = values.get(key) as string | undefined; // its kind was checked when it was read
    if (given === '') throw new InvalidArgument(`${key}: is empty`);
    return resolve(given ?? join(directory, name));
  };
  return {
    cert: file('tlscert', 'cert.pem'),
    key: file('tlskey', 'key.pem'),
    clientAuthorities: verify === true ? file('tlscacert', 'ca.pem') : undefined,
  };
}
