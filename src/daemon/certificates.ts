/** Reads the files of TLS and holds them against each other, so that a mistake is one line that names the file. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Certificates } from '../api/http/index.ts';
import { codeOf, InvalidArgument } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { TlsOptions } from './tls-options.ts';

/** Bits of a file's mode that let others than its owner read it. */
const READABLE_BY_OTHERS = 0o044;

/** @throws InvalidArgument, one line, when a file is missing, is not what it should be, or they do not fit together */
export function readCertificates(options: TlsOptions, log: Log): Certificates {
  const cert = read('tlscert', options.cert);
  const key = read('tlskey', options.key);
  const own = certificatesIn('tlscert', options.cert, cert)[0]!; // there is one, or it had thrown
  if (!own.checkPrivateKey(privateKey(options.key, key)))
    throw new InvalidArgument(`tlskey ${options.key}: is not the key of the certificate in ${options.cert}`);
  const authorities = options.clientAuthorities;
  const clientAuthorities = authorities === undefined ? undefined : read('tlscacert', authorities);
  if (authorities !== undefined && clientAuthorities !== undefined)
    certificatesIn('tlscacert', authorities, clientAuthorities);
  warn(options, own, log);
  return { cert, key, clientAuthorities };
}

function read(setting: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new InvalidArgument(`${setting} ${file}: cannot be read (${codeOf(error)})`, { cause: error });
  }
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function certificatesIn(setting: string, file: string, pem: Buffer): X509Certificate[] {
  const blocks = pem.toString('latin1').match(BLOCK) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new InvalidArgument(`${setting} ${file}: holds a certificate that cannot be read`, {
      cause: error,
    });
  }
  throw new InvalidArgument(`${setting} ${file}: holds no certificate in PEM form`);
}

function privateKey(file: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new InvalidArgument(`tlskey ${file}: is no private key in PEM form, or is encrypted`, {
      cause: error,
    });
  }
}

/** What serves, but not as its owner wants it. */
function warn({ cert, key }: TlsOptions, own: X509Certificate, log: Log): void {
  const mode = statSync(key).mode & 0o777;
  if ((mode & READABLE_BY_OTHERS) !== 0)
    log.warn('tls.key-readable', {
      file: key,
      mode: mode.toString(8).padStart(4, '0'),
      advice: `others can read the daemon's private key: chmod 0600 ${key}`,
    });
  if (own.validToDate < new Date() || own.validFromDate > new Date())
    log.warn('tls.certificate-invalid', { file: cert, from: own.validFrom, until: own.validTo });
}
