/** TLS of a running daemon: by the files of its options, read again on SIGHUP. */
import { openSecure, type Secure } from '../api/http/index.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { readCertificates } from './certificates.ts';
import type { TlsOptions } from './tls-options.ts';

/** What listeners use, and where it came from. */
export interface Tls {
  readonly secure: Secure;
  readonly options: TlsOptions;
}

/** @throws InvalidArgument, one line, when the files are not right */
export async function openTls(options: TlsOptions | undefined, log: Log): Promise<Tls | undefined> {
  if (options === undefined) return undefined;
  return { secure: await openSecure(readCertificates(options, log), log), options };
}

/** Reads the files again: a mistake in them changes nothing, and no connection ends. */
export function reload(tls: Tls | undefined, log: Log): void {
  if (tls === undefined) {
    log.info('daemon.reload', { changed: 'nothing: there is no TLS' });
    return;
  }
  try {
    tls.secure.renew(readCertificates(tls.options, log));
    log.info('daemon.reload', { changed: 'certificates', ...tls.options });
  } catch (error) {
    log.error('daemon.reload', { reason: messageOf(error), changed: 'nothing: the old certificates stay' });
  }
}
