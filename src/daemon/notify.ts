/** Tells systemd how far the daemon is (sd_notify(3)): one datagram to $NOTIFY_SOCKET. */
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { sendDatagram } from '../linux/index.ts';

/** What systemd is told. */
export interface Notice {
  /** `ready`: requests are answered, though containers of an earlier daemon may still be adopted; `stopping`: the end has begun. */
  readonly state: 'ready' | 'stopping';
  /** A line for `systemctl status`. */
  readonly status?: string;
}

const words = { ready: 'READY=1', stopping: 'STOPPING=1' } as const;

/** The datagram of a notice. */
const noticeText = (notice: Notice, pid: number): string =>
  [
    words[notice.state],
    ...(notice.status === undefined ? [] : [`STATUS=${notice.status}`]),
    `MAINPID=${pid}`,
  ].join('\n');

/** Sends a notice where systemd waits for one; a failure is logged, never thrown: the engine works without systemd. */
export function notify(
  notice: Notice,
  log: Log,
  socketPath: string | undefined = process.env.NOTIFY_SOCKET,
): void {
  if (socketPath === undefined || socketPath === '') return;
  try {
    sendDatagram(socketPath, Buffer.from(noticeText(notice, process.pid)));
  } catch (error) {
    log.warn('notify.failed', { socket: socketPath, error: messageOf(error) });
  }
}
