/** What two builds of the same thing may differ in, made equal: digests, ids of what is in work, directories, times. */

/** A base of several stages, or builds, is called after one of them. */
export const SHARED_BASE = /^\[[^\]]+\] FROM /;

/** The text without them. */
export const settledWords = (text: string): string =>
  text
    .replace(/(checksum of ref )\S+?::\S+?:/g, '$1…:')
    .replace(/\/\S+\/(overlay2\/\w+\/merged|tmp\/buildkit-mount\d+)(?=\/)/g, '<root>')
    .replace(/sha256:[0-9a-f]{64}/g, '<digest>')
    // The client's own two requests end in any order.
    .replace('ERROR: failed to run Build function: ', 'ERROR: failed to solve: ');
