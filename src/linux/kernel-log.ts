/** The kernel's own log: what it said about memory, devices and more, as `dmesg` shows it. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { codeOf } from '../base/errors.ts';

const FILE = '/dev/kmsg';
/** The most that the kernel gives for one message (printk.c, CONSOLE_EXT_LOG_MAX). */
const MESSAGE_BYTES_MAX = 8192;

/** One message, and when it was said, in microseconds since boot. */
export interface KernelMessage {
  readonly at: number;
  readonly text: string;
}

/** `priority,sequence,microseconds,flags;text`, as /dev/kmsg gives a message (Documentation/ABI/testing/dev-kmsg). */
export function kernelMessage(record: string): KernelMessage | undefined {
  const [, at, text] = /^\d+,\d+,(\d+),[^;]*;([^\n]*)/.exec(record) ?? [];
  return at === undefined || text === undefined ? undefined : { at: Number(at), text };
}

/** What the kernel still remembers, the oldest first; nothing where it may not be read. A thousand take milliseconds. */
export function* kernelMessages(): Generator<KernelMessage> {
  let fd: number;
  try {
    fd = openSync(FILE, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return;
  }
  const record = Buffer.alloc(MESSAGE_BYTES_MAX);
  try {
    for (;;) {
      try {
        const message = kernelMessage(record.toString('utf8', 0, readSync(fd, record)));
        if (message !== undefined) yield message;
      } catch (error) {
        if (codeOf(error) !== 'EPIPE') return; // EPIPE: some were overwritten; the next is the oldest that is left
      }
    }
  } finally {
    closeSync(fd);
  }
}
