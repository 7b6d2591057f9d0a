/** This process's own memory. */
import { declare } from './ffi.ts';

const c_malloc_trim = declare('malloc_trim', 'int', ['size_t']);

/** Gives memory that was freed back to the system: glibc keeps what threads used, long after they ended. */
export const releaseFreeMemory = (): void => void c_malloc_trim(0);
