/**
 * How processes ended that need not be our children: containers outlive the daemon that started them, and the next
 * daemon is not their parent. While we are (as subreaper), waitpid tells; else the kernel's pidfd (Linux 6.15 and up),
 * else the process event connector, whose socket the keeper holds while no daemon runs. What none of them knows is
 * said to be unknown, never guessed.
 */
import { closeSync } from 'node:fs';
import type { Log } from '../../base/log.ts';
import {
  AF,
  addressOf,
  bind,
  type ExitStatus,
  forceReceiveBuffer,
  MSG,
  pidfdExit,
  pidfdOpen,
  processStat,
  type Reactor,
  reap,
  receive,
  SOCK,
  SystemError,
  send,
  setOptionBytes,
  socket,
  zombieExit,
} from '../../linux/index.ts';
import { OrphanReaper } from './orphan-reaper.ts';

/** A zombie that another parent has not reaped yet is looked at again after this. */
const RETRY_MS = 2;
/** After so long a parent is slow: the first process of a small machine or container that looks once in a while, or never. */
const SLOW_PARENT_MS = 20;
/** After so long without an answer the status is unknown: its parent does not reap. */
const GIVE_UP_MS = 10_000;
/** Who claims a process watches it within this, or has failed and never will. */
const CLAIM_MS = 60_000;
/** Room for what ends while no daemon runs: about 8,000 processes. */
const CONNECTOR_BYTES = 8 << 20;
/** Ended processes remembered from the connector. */
const REMEMBERED_EXITS = 16_384;

/**
 * Who tells how a process ended that is not our child: its pidfd, the kernel's event connector, or nobody.
 */
export type ExitSource = 'pidfd' | 'connector' | 'none';

const NETLINK_CONNECTOR = 11;
const CN_IDX_PROC = 1;
const PROC_CN_MCAST_LISTEN = 1;
const PROC_EVENT_EXIT = 0x80000000;
const EVENT_AT = 16 + 20; // nlmsghdr, cn_msg

/** Whether this kernel answers PIDFD_GET_INFO with exit statuses. */
function pidfdsKnowExits(): boolean {
  const pidfd = pidfdOpen(process.pid);
  try {
    return pidfdExit(pidfd) === undefined;
  } catch {
    return false;
  } finally {
    closeSync(pidfd);
  }
}

/** What the exits are watched with. */
export interface ExitsDeps {
  readonly reactor: Reactor;
  readonly log: Log;
  readonly source: ExitSource;
  /** The connector socket that the keeper held; undefined makes a new one when it is needed. */
  readonly connector: number | undefined;
}

/** Watches processes to their end and gives their exit status, whether they are our children or not. */
export class Exits {
  readonly #deps: ExitsDeps;
  readonly #seen = new Map<number, ExitStatus>();
  readonly #ours = new Set<number>();
  readonly connector: number | undefined;
  /** Made by a runtime just now, and not watched yet. */
  readonly #claimed = new Set<number>();
  readonly orphanReaper = new OrphanReaper((pid) => this.#ours.has(pid) || this.#claimed.has(pid));

  constructor(deps: ExitsDeps) {
    this.#deps = deps;
    if (deps.source === 'connector') {
      this.connector = deps.connector ?? openConnector();
      deps.reactor.add(this.connector, () => this.#readConnector());
      this.#readConnector();
    }
  }

  /** Keeps a process that will be watched in a moment from being taken for nobody's. */
  claim(pid: number): void {
    this.#claimed.add(pid);
    setTimeout(() => this.#claimed.delete(pid), CLAIM_MS).unref();
  }

  /**
   * Resolves when the process behind `pidfd` has ended; undefined: nobody knows how. The descriptor stays open.
   * `ending` is called when it has ended but was not waited for by us: `/proc` still knows it.
   */
  watch(pid: number, pidfd: number, ending?: () => void): Promise<ExitStatus | undefined> {
    this.#ours.add(pid);
    this.#claimed.delete(pid);
    return new Promise((resolve) => {
      this.#deps.reactor.add(pidfd, () => {
        this.#deps.reactor.remove(pidfd);
        ending?.();
        void this.resolve(pid, pidfd).then((status) => {
          this.#ours.delete(pid);
          resolve(status);
        });
      });
    });
  }

  /**
   * The status of a process that is known to have ended. `startTime`: when it had begun, where another process may have
   * got its number since.
   */
  async resolve(pid: number, pidfd: number | undefined, startTime?: string): Promise<ExitStatus | undefined> {
    const began = performance.now();
    for (const deadline = began + GIVE_UP_MS; ; ) {
      const isLate = performance.now() > began + SLOW_PARENT_MS;
      const status =
        reap(pid) ?? this.#fromKernel(pid, pidfd) ?? (isLate ? this.#fromZombie(pid, pidfd) : undefined);
      if (status !== undefined || performance.now() > deadline || this.#nobodyWillTell(pid, pidfd, startTime))
        return status;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  #fromKernel(pid: number, pidfd: number | undefined): ExitStatus | undefined {
    if (this.#deps.source === 'pidfd' && pidfd !== undefined) {
      try {
        return pidfdExit(pidfd);
      } catch (error) {
        this.#deps.log.debug('exits.pidfd', { pid, reason: String(error) });
      }
    }
    if (this.connector !== undefined) this.#readConnector();
    return this.#seen.get(pid);
  }

  /** Only where pidfds know exits: older kernels do not tell it right of a process with several threads. */
  #fromZombie(pid: number, pidfd: number | undefined): ExitStatus | undefined {
    if (this.#deps.source !== 'pidfd' || pidfd === undefined) return undefined;
    const seen = zombieExit(pid);
    // Reaped since: its number may be another process's already.
    return this.#fromKernel(pid, pidfd) ?? seen;
  }

  /** Without a source, a process that is gone and not our child has taken its status along. */
  #nobodyWillTell(pid: number, pidfd: number | undefined, startTime: string | undefined): boolean {
    if (this.#deps.source === 'pidfd' && pidfd !== undefined) return false;
    const there = processStat(pid);
    return there === undefined || (startTime !== undefined && there.startTime !== startTime);
  }

  #readConnector(): void {
    const message = Buffer.alloc(1024);
    for (;;) {
      let n: number;
      try {
        n = receive(this.connector ?? -1, message, MSG.DONTWAIT);
      } catch (error) {
        // ENOBUFS: more ended than fit. What was lost is unknown, the rest goes on.
        this.#deps.log.warn('exits.lost', { reason: String(error) });
        continue;
      }
      if (n < EVENT_AT + 32) return;
      if (message.readUInt32LE(EVENT_AT) !== PROC_EVENT_EXIT) continue;
      const pid = message.readInt32LE(EVENT_AT + 16);
      if (pid !== message.readInt32LE(EVENT_AT + 20)) continue; // a thread
      const wait = message.readInt32LE(EVENT_AT + 24);
      const signal = wait & 0x7f;
      this.#seen.set(pid, { code: signal ? 128 + signal : (wait >> 8) & 0xff, signal });
      if (this.#seen.size > REMEMBERED_EXITS) this.#seen.delete(this.#seen.keys().next().value ?? 0);
    }
  }

  close(): void {
    this.orphanReaper.close();
    if (this.connector === undefined) return;
    this.#deps.reactor.remove(this.connector);
    closeSync(this.connector);
  }
}

/** A netlink socket that hears of each process that ends. @throws SystemError where the kernel lacks it */
export function openConnector(): number {
  const fd = socket(AF.NETLINK, SOCK.DGRAM, NETLINK_CONNECTOR);
  try {
    forceReceiveBuffer(fd, CONNECTOR_BYTES);
    onlyExits(fd);
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF.NETLINK, 0);
    address.writeUInt32LE(CN_IDX_PROC, 8);
    bind(fd, address);
    const message = Buffer.alloc(16 + 20 + 4);
    message.writeUInt32LE(message.length, 0);
    message.writeUInt16LE(3, 4); // NLMSG_DONE
    message.writeUInt32LE(CN_IDX_PROC, 16);
    message.writeUInt32LE(1, 20); // CN_VAL_PROC
    message.writeUInt16LE(4, 32);
    message.writeUInt32LE(PROC_CN_MCAST_LISTEN, 36);
    send(fd, message);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** A classic BPF filter on the event's first word (read big-endian): forks and execs never enter the queue. */
function onlyExits(fd: number): void {
  const SO_ATTACH_FILTER = 26;
  const program = Buffer.alloc(4 * 8);
  const instruction = (at: number, code: number, yes: number, no: number, k: number) => {
    program.writeUInt16LE(code, at * 8);
    program.writeUInt8(yes, at * 8 + 2);
    program.writeUInt8(no, at * 8 + 3);
    program.writeUInt32LE(k, at * 8 + 4);
  };
  instruction(0, 0x20, 0, 0, EVENT_AT); // ld [what]
  instruction(1, 0x15, 0, 1, 0x00000080); // jeq PROC_EVENT_EXIT, byte-swapped
  instruction(2, 0x06, 0, 0, 0xffffffff); // accept
  instruction(3, 0x06, 0, 0, 0); // drop
  const header = Buffer.alloc(16);
  header.writeUInt16LE(4, 0);
  header.writeBigUInt64LE(addressOf(program), 8);
  setOptionBytes(fd, 1, SO_ATTACH_FILTER, header);
  void program.length;
}

/** The best source this kernel has; `wanted` (a test's) is taken when it works. */
export function chooseExitSource(wanted: string | undefined): ExitSource {
  if (wanted === 'none') return 'none';
  if (wanted !== 'connector' && pidfdsKnowExits()) return 'pidfd';
  try {
    closeSync(openConnector());
    return 'connector';
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return 'none';
  }
}
