/** What an instruction of a Dockerfile says, its words not yet expanded. */
import type { ByteText } from '../tar/entry.ts';

/** First and last line in the file, counted from one; bodies of here-documents belong to their instruction. */
export interface Position {
  readonly line: number;
  readonly endLine: number;
}

interface Said<Is extends string> {
  readonly is: Is;
  /** `COPY`, however the file spells it. */
  readonly command: string;
  /** The line with its continuations joined, as the file spells it: what `Step 1/2 : …` prints. */
  readonly source: ByteText;
  readonly position: Position;
  /** The lines of comment before it. */
  readonly comments: readonly ByteText[];
}

/** A line for the shell (empty: nothing was said), or the words themselves. */
export type CommandLine =
  | { readonly form: 'shell'; readonly line: ByteText }
  | { readonly form: 'exec'; readonly words: readonly ByteText[] };

/** What RUN runs: also a here-document that begins with `#!`, which is a program of its own. */
export type RunLine =
  | CommandLine
  | { readonly form: 'script'; readonly name: ByteText; readonly text: ByteText };

/** Name and value, both to be expanded. */
export interface Pair {
  readonly key: ByteText;
  readonly value: ByteText;
}

/** A here-document as a file to be copied: the delimiter is its name. */
export interface InlineFile {
  readonly name: ByteText;
  readonly content: ByteText;
  /** Variables in the content are to be put in: its delimiter was not quoted. */
  readonly expand: boolean;
}

/** `RUN command`. */
export interface RunInstruction extends Said<'run'> {
  readonly line: RunLine;
  /** Each `--mount=` as it stands; `mountOf` reads one, given how to expand its values. */
  readonly mounts: readonly ByteText[];
  readonly network: 'default' | 'none' | 'host';
  readonly security: 'sandbox' | 'insecure';
}

/** `CMD` and `ENTRYPOINT`. */
export interface CommandInstruction extends Said<'cmd' | 'entrypoint'> {
  readonly line: CommandLine;
}

/** `ENV` and `LABEL`. */
export interface PairsInstruction extends Said<'env' | 'label'> {
  readonly pairs: readonly Pair[];
}

/** What COPY and ADD have in common. */
interface Transfer {
  readonly sources: readonly ByteText[];
  readonly inline: readonly InlineFile[];
  readonly destination: ByteText;
  readonly chown?: ByteText;
  readonly chmod?: ByteText;
  readonly link: boolean;
  readonly exclude: readonly ByteText[];
}

/** `COPY source… destination`. */
export interface CopyInstruction extends Said<'copy'>, Transfer {
  readonly from?: ByteText;
  readonly parents: boolean;
}

/** `ADD source… destination`. */
export interface AddInstruction extends Said<'add'>, Transfer {
  readonly checksum?: ByteText;
  readonly keepGitDir?: boolean;
  /** Unsaid: archives of the context are unpacked, those from elsewhere are not. */
  readonly unpack?: boolean;
}

/** `MAINTAINER`, `USER`, `WORKDIR` and `STOPSIGNAL`: all that follows is one word. */
export interface WordInstruction extends Said<'maintainer' | 'user' | 'workdir' | 'stopsignal'> {
  readonly word: ByteText;
}

/** `EXPOSE port…`: each may become several (`expandWords`). */
export interface ExposeInstruction extends Said<'expose'> {
  readonly ports: readonly ByteText[];
}

/** `VOLUME path…`. */
export interface VolumeInstruction extends Said<'volume'> {
  readonly paths: readonly ByteText[];
}

/** One variable of `ARG`; without a value only the build can give one. */
export interface BuildArgument {
  readonly key: ByteText;
  readonly value?: ByteText;
}

/** `ARG name[=value]…`. */
export interface ArgInstruction extends Said<'arg'> {
  readonly args: readonly BuildArgument[];
}

/** `ONBUILD instruction`: kept as text, parsed by `parseTriggers` when it is carried out. */
export interface OnBuildInstruction extends Said<'onbuild'> {
  readonly trigger: ByteText;
}

/** `SHELL ["program", "argument"]`. */
export interface ShellInstruction extends Said<'shell'> {
  readonly words: readonly ByteText[];
}

/** How health is probed; times in nanoseconds, 0 leaves it to whoever runs it. */
export interface Probe {
  readonly line: CommandLine;
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

/** `HEALTHCHECK`: without a probe it is `HEALTHCHECK NONE`. */
export interface HealthcheckInstruction extends Said<'healthcheck'> {
  readonly probe: Probe | undefined;
}

/** Every instruction but FROM, which begins a stage. */
export type Instruction =
  | RunInstruction
  | CommandInstruction
  | PairsInstruction
  | CopyInstruction
  | AddInstruction
  | WordInstruction
  | ExposeInstruction
  | VolumeInstruction
  | ArgInstruction
  | OnBuildInstruction
  | ShellInstruction
  | HealthcheckInstruction;

/** `FROM base`, which begins a stage. */
export interface FromInstruction extends Said<'from'> {
  /** An image, a stage before, or `scratch`; to be expanded by {@link Dockerfile.metaArgs} alone. */
  readonly base: ByteText;
  readonly platform?: ByteText;
  /** What `AS` gave it, in lower case. */
  readonly name?: string;
}

/** From one FROM to the next. */
export interface Stage extends Pick<FromInstruction, 'base' | 'platform' | 'name'> {
  readonly index: number;
  /** Where it begins. */
  readonly from: Pick<FromInstruction, 'source' | 'position' | 'comments'>;
  readonly instructions: readonly Instruction[];
}

/** The character that escapes another and continues a line. */
export type Escape = '\\' | '`';

/** What the comments on the file's top say of how it is to be read. */
export interface Directives {
  readonly escape: Escape;
  readonly syntax?: ByteText;
  readonly check?: ByteText;
}

/** A file that was read. */
export interface Dockerfile {
  readonly name: string;
  readonly directives: Directives;
  /** ARG before the first FROM: for the words of FROM alone. */
  readonly metaArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
  /** Lines that the client is shown, as dockerd writes them. */
  readonly warnings: readonly string[];
  /** Lines with which instructions end that have blank lines among their continuations. */
  readonly gaps: readonly number[];
}
