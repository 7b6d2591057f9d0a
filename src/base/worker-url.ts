/** Finds the file of a worker thread, from source and from the bundle. */

/**
 * The URL of worker `name` (`records.worker`). `beside` is the caller's `import.meta.url`: run from source the worker
 * stands beside the caller as `.ts`; the build emits every worker as an entry of its own, flat in `dist/`, beside the
 * bundle that the caller became part of.
 */
export function workerUrl(name: string, beside: string): URL {
  return new URL(`./${name}${beside.endsWith('.ts') ? '.ts' : '.js'}`, beside);
}
