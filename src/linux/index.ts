/** Typed system calls: the only room that talks to the kernel by FFI. */
export * from './datagram.ts';
export * from './datagram-batch.ts';
export * from './ffi.ts';
export * from './files.ts';
export * from './memory.ts';
export * from './mount-info.ts';
export * from './mounts.ts';
export * from './namespaces.ts';
export * from './network-calls.ts';
export * from './oom-score.ts';
export * from './process.ts';
export * from './process-stat.ts';
export * from './reactor.ts';
export * from './read.ts';
export * from './sockets.ts';
export * from './terminal.ts';
export * from './trees.ts';
