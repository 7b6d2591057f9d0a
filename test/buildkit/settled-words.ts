/** What two builds of the same thing may differ in, made equal: digests, ids of what is in work, times; paths are those of the image. */

/** A base of several stages, or builds, is called after one of them. */
export const SHARED_BASE = /^\[[^\]]+\] FROM /;

/** The text without them. */
export const settledWords = (text: string): string =>
  text
    .replace(/(checksum of ref )\S+(?=: ")/g, '$1…')
    .replace(/\/\S+\/(overlay2\/\w+\/merged|tmp\/buildkit-mount\d+)(?=\/)/g, '')
    .replace(/sha256:[0-9a-f]{64}/g, '<digest>')
    // What it takes to bring files is each engine's own: dockerd has a Dockerfile sent again, Gantry keeps it.
    .replace(/(transferring [^\s:]+:)( [\d.]+[kM]?B)?( done)?$/gm, '$1 done')
    .replace(/(copying files) [\d.]+[kM]?B/g, '$1')
    .replace(/(part copying files .*\) )\d+ of 0/g, '$1n of 0')
    .replace(/(part transferring .*\) )\d+ of 0/g, '$1n of 0')
    // A base that is here already was unpacked before: dockerd calls it cached from its second use on.
    .replace(/^(FROM .*: done), cached$/gm, '$1')
    .replace(/^(\[[^\]]+\] ADD https?:.*\n {2})(?:DONE\n {2})?CACHED$/gm, '$1DONE')
    // Nor is it told alike whether a here-document was had before.
    .replace(/^(\[internal\] preparing inline document(?:: done|\n {2})),? ?(cached|CACHED)$/gm, '$1DONE')
    .replace(/^(\[internal\] preparing inline document: done)DONE$/gm, '$1')
    // Nor whether the owner of a kept directory was set before.
    .replace(/^(\[internal\] settings cache mount permissions\n {2})CACHED$/gm, '$1DONE')
    // The client's own two requests end in any order.
    .replace('ERROR: failed to run Build function: ', 'ERROR: failed to solve: ');
