/**
 * What systemd holds for a service (FDSTORE of sd_notify(3)): it outlives every process of ours, and is given to the next
 * daemon beside the sockets that it is to listen at.
 */
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { DatagramSender } from '../linux/index.ts';
import type { DescriptorStore } from '../runtime/index.ts';
import { type PassedSocket, passedDescriptors, STORED } from './activation.ts';

/** Undefined where no service manager listens. */
export function openDescriptorStore(
  log: Log,
  socketPath: string | undefined = process.env.NOTIFY_SOCKET,
  passed: readonly PassedSocket[] = passedDescriptors(),
): DescriptorStore | undefined {
  if (socketPath === undefined || socketPath === '') return undefined;
  const found = new Map<string, number>();
  for (const { name, fd } of passed) if (name.startsWith(STORED)) found.set(name.slice(STORED.length), fd);
  return {
    found,
    keep(descriptors) {
      try {
        replaceAll(socketPath, descriptors);
      } catch (error) {
        log.warn('notify.failed', { socket: socketPath, error: messageOf(error) });
      }
    },
  };
}

/** Messages arrive in the order in which they were sent. FDPOLL: also those whose other end is closed stay. */
function replaceAll(socketPath: string, descriptors: ReadonlyMap<string, number>): void {
  const sender = new DatagramSender(socketPath);
  try {
    for (const name of descriptors.keys())
      sender.send(Buffer.from(`FDSTOREREMOVE=1\nFDNAME=${STORED}${name}`));
    for (const [name, fd] of descriptors)
      sender.sendDescriptor(Buffer.from(`FDSTORE=1\nFDNAME=${STORED}${name}\nFDPOLL=0`), fd);
  } finally {
    sender.close();
  }
}
