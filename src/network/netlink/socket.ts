/** A netlink socket: sends requests, gathers acknowledgements and dumps, and names what failed. */
import { close } from 'node:fs';
import { Failed } from '../../base/errors.ts';
import { Mailbox } from '../../base/mailbox.ts';
import * as linux from '../../linux/index.ts';
import { decode, encode, NLMSG_DONE, NLMSG_ERROR, type Reply, type Request, verdictOf } from './message.ts';

export const PROTOCOL = { ROUTE: 0, SOCK_DIAG: 4, NETFILTER: 12 } as const;

const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
/** Acknowledgements of one batch must fit: about 1,500 of them do. */
const RECEIVE_BUFFER_BYTES = 1 << 20;
/** A batch is one message: that of ten thousand ports has half a megabyte. */
const SEND_BUFFER_BYTES = 1 << 24;
/** The kernel fills at most 32 KiB of a dump at once. */
const READ_BYTES = 65_536;

/** A request that the kernel refused: `systemCode` is `EEXIST` and the like. */
export class NetlinkError extends Failed {
  readonly errno: number;
  constructor(what: string, errno: number, words: string) {
    const reason = new linux.SystemError(what, errno);
    super(`${reason.message}${words === '' ? '' : ` (${words})`}`, { systemCode: reason.code });
    this.errno = errno;
  }
}

/** One conversation at a time; belongs to the network namespace it was opened in. */
export class NetlinkSocket {
  readonly #fd: number;
  readonly #turns = new Mailbox();
  #sequence = 0;
  #closed = false;

  constructor(protocol: number) {
    this.#fd = linux.socket(linux.AF.NETLINK, linux.SOCK.RAW, protocol);
    const own = Buffer.alloc(12);
    own.writeUInt16LE(linux.AF.NETLINK, 0);
    linux.bind(this.#fd, own);
    linux.setOption(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
    linux.setOption(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
  }

  /** Batches of more than a hundred requests need this. */
  roomForMany(): void {
    linux.forceReceiveBuffer(this.#fd, RECEIVE_BUFFER_BYTES);
    linux.forceSendBuffer(this.#fd, SEND_BUFFER_BYTES);
  }

  /**
   * Sends all requests in one call and waits until the kernel has done them; gives the data it answered with.
   * @throws NetlinkError naming the first request that failed; rtnetlink has carried out the others, nftables none
   */
  ask(requests: readonly Request[]): Promise<Reply[]> {
    return this.#turns.run(async () => {
      const { bytes, sequences } = this.#numbered(requests);
      this.#drain(new Map());
      await linux.sendAway(this.#fd, bytes, requests[0]?.what ?? '');
      return this.#drain(sequences);
    });
  }

  /** The same in this thread, for questions that wait for no lock; on a socket that is asked in no other way. */
  askNow(requests: readonly Request[]): Reply[] {
    const { bytes, sequences } = this.#numbered(requests);
    linux.send(this.#fd, bytes);
    return this.#drain(sequences);
  }

  #numbered(requests: readonly Request[]): { bytes: Buffer; sequences: ReadonlyMap<number, Request> } {
    const sequences = new Map<number, Request>();
    const bytes = requests.map((each) => {
      this.#sequence = (this.#sequence + 1) >>> 0;
      sequences.set(this.#sequence, each);
      return encode(each, this.#sequence);
    });
    return { bytes: Buffer.concat(bytes), sequences };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A request under way must not meet a descriptor that was given to someone else meanwhile. On a pool thread: where
    // a table was deleted, closing waits until the kernel has taken it apart, which is 15 ms.
    void this.#turns.run(async () => close(this.#fd));
  }

  /** The kernel answers while it takes the request: everything is there, and a dump goes on as it is read. */
  #drain(sequences: ReadonlyMap<number, Request>): Reply[] {
    const replies: Reply[] = [];
    let failure: NetlinkError | undefined;
    const room = Buffer.alloc(READ_BYTES);
    for (;;) {
      const n = linux.receive(this.#fd, room, linux.MSG.DONTWAIT);
      if (n <= 0) break;
      for (const reply of decode(room.subarray(0, n))) {
        const asked = sequences.get(reply.sequence);
        if (asked === undefined || reply.type === NLMSG_DONE) continue;
        if (reply.type === NLMSG_ERROR) failure ??= refusal(asked, reply.body);
        else replies.push({ ...reply, body: Buffer.from(reply.body) });
      }
    }
    if (failure) throw failure;
    return replies;
  }
}

function refusal(asked: Request, body: Buffer): NetlinkError | undefined {
  const { errno, words } = verdictOf(body);
  if (errno === 0 || asked.tolerated.includes(errno)) return undefined;
  return new NetlinkError(asked.what, errno, words);
}
