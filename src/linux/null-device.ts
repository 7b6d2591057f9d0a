/** Null devices for processes that may not have the host's own: runtimes give what a process has to its user. */
import { closeSync, constants } from 'node:fs';
import { SystemError } from './ffi.ts';
import { makeDevice, mknodAt, S_IFCHR, unlinkAt } from './files.ts';
import { newTmpfs } from './mounts.ts';
import { tryOpenAt } from './trees.ts';

/** A new one, known by its descriptor alone: who owns it, or changes its mode, does so to nobody else. @throws SystemError */
export function newNullDevice(): number {
  const directory = newTmpfs();
  try {
    mknodAt(directory, 'null', S_IFCHR | 0o666, makeDevice(1, 3));
    const fd = tryOpenAt(directory, 'null', constants.O_RDWR);
    if (fd < 0) throw new SystemError('openat', -fd, 'null');
    unlinkAt(directory, 'null');
    return fd;
  } finally {
    closeSync(directory);
  }
}
