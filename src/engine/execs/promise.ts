/** What the engine promises of execs: further processes in running containers. */
import type { ExecCreateRequest, ExecInspect } from '../../model/exec.ts';
import type { Attachment, TerminalSize } from '../processes/attachment.ts';

/** How an exec is run. */
export interface ExecStartOptions {
  /** Nobody attaches to it. */
  readonly detach: boolean;
  /** The client wants the bytes as they come, whatever the exec itself has. */
  readonly tty: boolean | undefined;
  readonly consoleSize: readonly [rows: number, columns: number] | undefined;
  /** Called when nothing but the start itself can fail any more. */
  readonly accepted: () => void;
}

/** `id`: as `create` gave it. @throws NotFound, Conflict */
export interface Execs {
  /** @throws InvalidArgument, NotFound, Conflict when the container does not run */
  create(container: string, request: ExecCreateRequest): Promise<{ Id: string }>;
  /** Runs it and hands over its streams; with `detach` it resolves when the process runs, without an attachment. */
  start(id: string, options: ExecStartOptions): Promise<Attachment | undefined>;
  resize(id: string, size: TerminalSize): Promise<void>;
  inspect(id: string): Promise<ExecInspect>;
}
