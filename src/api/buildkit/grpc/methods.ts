/** What a service has: its methods, by their paths. */
import type { IncomingHttpHeaders } from 'node:http2';
import type { Conversation } from '../../../base/conversation.ts';
import type { Message } from '../wire/message.ts';

/** One call. */
export interface GrpcCall {
  /** What the client sent besides its messages. */
  readonly metadata: IncomingHttpHeaders;
  /** The client has left, or its time is over. */
  readonly signal: AbortSignal;
}

/** One method. */
export type Method =
  | { readonly is: 'one'; readonly perform: (request: Buffer, call: GrpcCall) => Promise<Buffer> }
  | { readonly is: 'many'; readonly perform: (request: Buffer, call: GrpcCall) => AsyncIterable<Buffer> }
  | { readonly is: 'talk'; readonly perform: (talk: Conversation, call: GrpcCall) => Promise<void> };

/** A method of one request and one answer. */
export const one = <Q, A>(
  request: Message<Q>,
  answer: Message<A>,
  perform: (request: Q, call: GrpcCall) => Promise<Partial<A>>,
): Method => ({
  is: 'one',
  perform: async (bytes, call) => answer.encode(await perform(request.decode(bytes), call)),
});

/** A method of one request and any number of answers. */
export const many = <Q, A>(
  request: Message<Q>,
  answer: Message<A>,
  perform: (request: Q, call: GrpcCall) => AsyncIterable<Partial<A>>,
): Method => ({
  is: 'many',
  async *perform(bytes, call) {
    for await (const each of perform(request.decode(bytes), call)) yield answer.encode(each);
  },
});

/** A method of messages both ways. */
export const talk = (perform: (talk: Conversation, call: GrpcCall) => Promise<void>): Method => ({
  is: 'talk',
  perform,
});

/** By path: `/package.Service/Method`. */
export type Methods = ReadonlyMap<string, Method>;

/** The methods of a service, by their paths. */
export const service = (name: string, methods: Readonly<Record<string, Method>>): [string, Method][] =>
  Object.entries(methods).map(([method, each]) => [`/${name}/${method}`, each]);
