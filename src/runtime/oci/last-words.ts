/**
 * What a runtime's process prints into a container's own output when it cannot execute the container's program. crun
 * prints a JSON line (a container's first process) or a plain one (a further process); people are told what dockerd
 * tells them, which are runc's words.
 */
import { processStat } from '../../linux/index.ts';

const ESC = '\u001b';
/** A line as crun prints it: coloured on a terminal, which ends it with CR LF. */
const LINE = new RegExp(`^(?:${ESC}\\[[0-9;]*m)?(.*?)(?:${ESC}\\[0m)?(\\r?\\n)$`, 's');
/** crun's words about a failed execve(2). crun 1.8.1 does not name the program of a further process. */
const EXECVE = /^exec(?: container process(?: \(missing dynamic library\?\))?)?(?: `(.*)`)?: (.+)$/s;

/** The failure in dockerd's words; undefined: this is no failure as crun prints it. Pure. */
export function failureInWords(printed: string, command: string): string | undefined {
  const [, line, lineEnd] = LINE.exec(printed) ?? [];
  if (line === undefined || lineEnd === undefined) return undefined;
  const reported = messageIn(line);
  const [, program = command, reason] = EXECVE.exec(reported ?? line) ?? [];
  if (reason !== undefined)
    return `exec ${program}: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}${lineEnd}`;
  return reported === undefined ? undefined : reported + lineEnd;
}

/** `msg` of a line of crun's JSON log. */
function messageIn(line: string): string | undefined {
  if (!line.startsWith('{"msg":')) return undefined;
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === 'string' ? msg : undefined;
  } catch {
    return undefined;
  }
}

/** More than this is not the line of a runtime: a path has at most 4,096 bytes, which JSON may write six times as long. */
const LINE_BYTES_MAX = 32 << 10;

/**
 * Whether what a process printed are the words of the runtime: the kernel knows whether a process ever executed a
 * program, so that no program's output is taken for the runtime's, whatever it looks like.
 */
export class LastWords {
  readonly #pid: number;
  readonly #command: string;
  #executed: boolean | undefined;

  /** `command`: what the process was to execute, for a runtime that does not name it. */
  constructor(pid: number, command: string) {
    this.#pid = pid;
    this.#command = command;
  }

  /** Call it before the ended process is waited for: then the kernel forgets it. */
  ending(): void {
    this.#executed ??= this.#executes;
  }
  get #executes(): boolean {
    return processStat(this.#pid)?.executed ?? true;
  }

  /**
   * What to give people instead of the first bytes of the process's output; undefined: the bytes as they are. Ask when
   * they have left the pipe: a process that has executed nothing by then had executed nothing when it printed them.
   */
  instead(bytes: number, read: () => Buffer): Buffer | undefined {
    if (bytes > LINE_BYTES_MAX || (this.#executed ?? this.#executes)) {
      this.#executed ??= true;
      return undefined;
    }
    const words = failureInWords(read().toString(), this.#command);
    return words === undefined ? undefined : Buffer.from(words);
  }
}
