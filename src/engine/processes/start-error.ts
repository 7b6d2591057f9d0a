/** What a failed start means to a client: its text, and the exit code that a shell would give. Pure. */
import { EngineError, type ErrorKind, type FailureDetails, messageOf } from '../../base/errors.ts';
import { RuntimeRefused } from '../../runtime/index.ts';

/** The command could not be run. 126: not executable, 127: not there, 128: the runtime itself failed. */
export class StartFailed extends EngineError {
  readonly kind: ErrorKind;
  readonly exitCode: number;
  constructor(words: string, kind: ErrorKind, exitCode: number, details: FailureDetails) {
    super(words, details);
    this.kind = kind;
    this.exitCode = exitCode;
  }
}

/** The runtime's words about `command`, as clients search for them (`executable file not found`, `permission denied`). */
export function commandError(
  words: string,
  command: string,
): { text: string; exitCode: number; kind: ErrorKind } {
  const missing = /executable file [`'"]?([^`'"]+)[`'"]? not found in \$PATH/.exec(words);
  if (missing)
    return {
      // A path is not searched for.
      text: missing[1]?.includes('/')
        ? `exec: "${missing[1]}": stat ${missing[1]}: no such file or directory`
        : `exec: "${missing[1]}": executable file not found in $PATH`,
      exitCode: 127,
      kind: 'invalid',
    };
  // What crun says of a directory, or of a file without the execute bit.
  const denied = /^open executable: (?:Operation not permitted|Permission denied)/.test(words);
  if (denied)
    return {
      text: `exec: "${command}": permission denied`,
      exitCode: 126,
      kind: 'invalid',
    };
  const lower = words.replace(
    /\b(No such file or directory|Permission denied|Not a directory|Is a directory|Exec format error)\b/g,
    (text) => text.toLowerCase(),
  );
  const kind = /no such file|permission denied|not a directory|is a directory|exec format/.test(lower)
    ? 'invalid'
    : 'internal';
  if (/no such file or directory/.test(lower)) return { text: lower, exitCode: 127, kind };
  if (/permission denied|is a directory|not a directory|exec format error/.test(lower))
    return { text: lower, exitCode: 126, kind };
  return { text: lower, exitCode: 128, kind: 'internal' };
}

/** Whether the words of a program or of the kernel tell that something is not there. */
const saysMissing = (words: string): boolean => /not found|no such/i.test(words);

/** Keeps the kind of our own refusals; gives a runtime's its place in the text. */
export function translateStartError(error: unknown, command: string): StartFailed {
  if (error instanceof RuntimeRefused) {
    const { text, exitCode, kind } = commandError(error.message, command);
    const words = `failed to create task for container: OCI runtime create failed: ${text}`;
    return new StartFailed(words, kind, exitCode, { cause: error, missing: saysMissing(text) });
  }
  if (!(error instanceof EngineError) || error.code === undefined) {
    const kind = error instanceof EngineError ? error.kind : 'internal';
    const words = messageOf(error);
    return new StartFailed(words, kind, 128, { cause: error, missing: saysMissing(words) });
  }
  const { words, kind, code, fields, context, missing, systemCode } = error;
  return new StartFailed(words, kind, 128, { cause: error, code, fields, context, missing, systemCode });
}
