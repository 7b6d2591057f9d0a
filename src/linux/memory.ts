/** This process's own memory. */
import { readFileSync } from 'node:fs';
import { declare } from './ffi.ts';

const c_malloc_trim = declare('malloc_trim', 'int', ['size_t']);
const c_madvise = declare('madvise', 'int', ['size_t', 'size_t', 'int']);

const MADV_DONTNEED = 4;

/** Gives memory that was freed back to the system: glibc keeps what threads used, long after they ended. */
export const releaseFreeMemory = (): void => void c_malloc_trim(0);

/**
 * Lets go of the pages of program files that this process has mapped to run or to read, some 50 MiB of a Node.js that has
 * worked. They stay in the page cache for as long as the system has room, and are mapped again where they are used
 * (madvise(2)).
 */
export function releaseProgramPages(): void {
  for (const { start, end } of programPages(readFileSync('/proc/self/smaps', 'utf8')))
    c_madvise(start, end - start, MADV_DONTNEED);
}

/**
 * Private mappings of files that nothing can be written to and nothing has been: what they show is what their files hold.
 * Relocated data is read-only too, but is no longer what its file holds: the kernel tells it as anonymous. Pure.
 */
export function programPages(smaps: string): { readonly start: number; readonly end: number }[] {
  const mappings = smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  return mappings.flatMap((mapping) => {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p [0-9a-f]+ \S+ [1-9]/.exec(mapping) ?? [];
    if (start === undefined || end === undefined || !/^Anonymous: +0 kB$/m.test(mapping)) return [];
    return [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }];
  });
}
