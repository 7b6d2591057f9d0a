/** The tree threads, from the main thread's side: started when there is work, ended when there is none. */
import { closeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { Failed, InvalidArgument, Unavailable } from '../../base/errors.ts';
import { LentBody, type Standing } from '../../base/lent-body.ts';
import { workerUrl } from '../../base/worker-url.ts';
import { duplicate, releaseFreeMemory } from '../../linux/index.ts';
import { threadFor } from './choice.ts';
import type { FromPort, FromReader, FromTree, Results, Task, ToPort, ToTree } from './protocol.ts';
import type { Source } from './source.ts';

/** More would only compete for the disk. */
const THREADS_MAX = Math.min(4, Math.max(2, availableParallelism()));
/**
 * A thread without work is kept so long. Starting one takes tens of ms, and its code runs slowly until it has been
 * compiled: builds a few seconds apart take half as long when they find the threads of the one before.
 */
const IDLE_MS = 30_000;
/**
 * V8 lets buffers that nobody holds wait in proportion to this: 160 MiB of them were seen in a thread with its own choice,
 * 21 MiB with this one, in half of the time.
 */
const YOUNG_MIB = 16;

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, PromiseWithResolvers<unknown>>;
  removals: number;
  idle: NodeJS.Timeout | undefined;
}

/** The pool of tree threads. Close it with the storage. */
export class TreeThreads {
  readonly #threads = new Set<Thread>();
  #lastId = 0;
  #closed = false;

  /**
   * Does `task` on the least busy thread.
   * @throws InvalidArgument when an archive is to blame, Failed when the system is
   */
  async run<K extends keyof Results>(
    task: Extract<Task, { is: K }>,
    signal?: AbortSignal,
  ): Promise<Results[K]> {
    this.#admit(task, signal);
    const thread = this.#threadFor(task);
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    thread.waiting.set(id, answer);
    if (task.is === 'remove') thread.removals++;
    thread.worker.ref();
    const cancel = () => thread.worker.postMessage({ is: 'cancel', id } satisfies ToTree);
    signal?.addEventListener('abort', cancel, { once: true });
    thread.worker.postMessage({ is: 'run', id, task } satisfies ToTree, portsOf(task));
    try {
      return (await answer.promise) as Results[K];
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      if (task.is === 'remove') thread.removals--;
      this.#settle(thread, id);
    }
  }

  /** Waits for nothing: running tasks fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()));
  }

  /** @throws Unavailable, and what the signal says: then the other ends of the task's ports hear of it */
  #admit(task: Task, signal: AbortSignal | undefined): void {
    if (!this.#closed && !signal?.aborted) return;
    for (const port of portsOf(task)) port.close(); // left open they would keep the daemon from ending
    signal?.throwIfAborted();
    throw new Unavailable('the storage is closed');
  }

  #threadFor({ is }: Task): Thread {
    const loads = [...this.#threads].map((thread) => ({
      thread,
      tasks: thread.waiting.size,
      removals: thread.removals,
    }));
    const thread = threadFor(loads, is === 'remove', THREADS_MAX)?.thread ?? this.#start();
    clearTimeout(thread.idle);
    return thread;
  }

  #start(): Thread {
    const worker = new Worker(workerUrl('tree.worker', import.meta.url), {
      name: 'tree',
      // Descriptors are opened here by FFI and closed by node:fs; Node would complain of each.
      trackUnmanagedFds: false,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    const thread: Thread = { worker, waiting: new Map(), removals: 0, idle: undefined };
    let cause: Error | undefined;
    worker.on('message', (message: FromTree) => {
      const asked = thread.waiting.get(message.id);
      if (message.is === 'done') asked?.resolve(message.result);
      else asked?.reject(errorOf(message));
    });
    worker.on('error', (error) => (cause = error));
    worker.on('exit', () => {
      this.#threads.delete(thread);
      clearTimeout(thread.idle);
      if (this.#threads.size === 0) releaseFreeMemory();
      for (const { reject } of thread.waiting.values())
        reject(new Failed(`a storage thread ended: ${cause?.message ?? 'closed'}`, { cause }));
    });
    this.#threads.add(thread);
    return thread;
  }

  #settle(thread: Thread, id: number): void {
    thread.waiting.delete(id);
    if (thread.waiting.size > 0) return;
    thread.worker.unref();
    thread.idle = setTimeout(() => {
      this.#threads.delete(thread); // first: nothing is sent to a thread that is being ended
      void thread.worker.terminate();
    }, IDLE_MS).unref();
  }
}

const portsOf = (task: Task): MessagePort[] => {
  if ('sink' in task) return [task.sink];
  if ('talk' in task) return [task.talk];
  return 'source' in task && task.source.is !== 'file' ? [task.source.port] : [];
};

function errorOf({ message, blame, code }: Extract<FromTree, { is: 'failed' }>): Error {
  if (blame === 'archive') return new InvalidArgument(message);
  return new Failed(message, { systemCode: code });
}

/** A stream of this thread for another: its connection, where that can be lent; else its bytes, sent through a port. */
export function portFrom(source: Readable): Source {
  const lent = source instanceof LentBody ? lendConnection(source) : undefined;
  if (lent) return lent;
  const { port1, port2 } = new MessageChannel();
  void feed(source, port1);
  return { is: 'port', port: port2 };
}

function lendConnection(body: LentBody): Source | undefined {
  const lent = body.lend();
  if (!lent) return undefined;
  // The client's connection may end meanwhile: its number must not become somebody else's.
  const fd = duplicate(lent.fd);
  const { port1, port2 } = new MessageChannel();
  let standing: Standing | undefined = { state: lent.state, bytes: lent.bytes };
  port1.on('message', (message: FromReader) => {
    standing = message.is === 'begun' ? undefined : message.standing;
  });
  port1.once('close', () => {
    closeSync(fd);
    body.giveBack(standing);
  });
  return { is: 'connection', fd, port: port2, ...standing };
}

async function feed(source: Readable, port: MessagePort): Promise<void> {
  let room = 0;
  let more = (): void => {};
  let gone = false;
  port.on('message', ({ granted }: FromPort) => {
    room += granted;
    more();
  });
  port.on('close', () => {
    gone = true;
    more();
  });
  const send = (message: ToPort, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  try {
    // Not destroyed on the way out: a request whose archive is refused still wants its answer.
    for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      while (room <= 0 && !gone) await new Promise<void>((resolve) => (more = resolve));
      if (gone) break; // the reader has what it wanted, or failed: its own result says so
      const bytes = new Uint8Array(chunk);
      room -= bytes.length;
      send({ is: 'bytes', bytes }, [bytes.buffer]);
    }
    send({ is: 'end' });
  } catch (error) {
    send({ is: 'error', message: `the archive's sender failed: ${(error as Error).message}` });
  }
}
