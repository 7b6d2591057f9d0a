/** A file system that does not answer: a FUSE whose program never reads what it is asked. */
import { closeSync, openSync } from 'node:fs';
import { mount } from '../../src/linux/index.ts';
import { unmountLazily } from './unmount.ts';

/** What was mounted over a directory. Whoever asks it for anything waits, and can be killed. */
export interface StuckDisk {
  /** Who waits hears of an error. It stays mounted, and fails at once from now on. */
  breakOff(): void;
  /** What was there before is there again. */
  end(): void;
}

/** Hangs from now on; end it at the latest with the test, and touch nothing below `path` meanwhile. @throws where FUSE is not to be had */
export function hang(path: string): StuckDisk {
  const fd = openSync('/dev/fuse', 'r+');
  let isOpen = true;
  try {
    mount('gantry-stuck', path, 'fuse', 0, `fd=${fd},rootmode=40000,user_id=0,group_id=0`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  const breakOff = (): void => {
    if (isOpen) closeSync(fd); // the program's end: the kernel answers for it
    isOpen = false;
  };
  return {
    breakOff,
    end() {
      breakOff();
      unmountLazily(path);
    },
  };
}
