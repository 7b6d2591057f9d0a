/** Where the bytes of a tree thread's work come from. */
import type { MessagePort } from 'node:worker_threads';
import type { Standing } from '../../base/lent-body.ts';

/** Where bytes come from: a file, a stream of the main thread sent through a port, or a connection lent to the thread. */
export type Source =
  | { readonly is: 'file'; readonly path: string }
  | { readonly is: 'port'; readonly port: MessagePort }
  /** `fd` is open as long as `port` is; where the connection stands at the end is told there. */
  | ({ readonly is: 'connection'; readonly fd: number; readonly port: MessagePort } & Standing);
