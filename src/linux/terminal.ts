/** Terminals: the master side of a pty that crun hands us. */
import { ioctl } from './files.ts';

const TIOCSWINSZ = 0x5414;
const TIOCGWINSZ = 0x5413;

/** Sets the window of a terminal; its foreground group gets SIGWINCH. */
export function setWindowSize(fd: number, rows: number, columns: number): void {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(rows & 0xffff, 0);
  size.writeUInt16LE(columns & 0xffff, 2);
  ioctl(fd, TIOCSWINSZ, size);
}
/** The size of a terminal's window, in characters. */
export function windowSize(fd: number): { rows: number; columns: number } {
  const size = Buffer.alloc(8);
  ioctl(fd, TIOCGWINSZ, size);
  return { rows: size.readUInt16LE(0), columns: size.readUInt16LE(2) };
}
