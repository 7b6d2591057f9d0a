/** What instructions say of a configuration, each for itself: those of a Dockerfile and those of a commit. Pure. */
import { textOf } from '../../formats/byte-text.ts';
import type { CommandLine, Probe } from '../../formats/dockerfile/instruction.ts';
import type { ContainerConfig, HealthConfig } from '../../model/config.ts';
import { changeFailure } from '../../model/failures/change.ts';
import { signalNumber } from '../../runtime/index.ts';

const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** What a line for the shell is put behind. */
export const shellOf = ({ Shell }: ContainerConfig): readonly string[] =>
  Shell?.length ? Shell : DEFAULT_SHELL;

/**
 * The words that a line means: the JSON form is the words themselves, anything else is for the shell. Where nothing
 * was said, it is the shell alone.
 */
export function commandOf(line: CommandLine, config: ContainerConfig): string[] {
  if (line.form === 'exec') return line.words.map(textOf);
  return [...shellOf(config), ...(line.line === '' ? [] : [textOf(line.line)])];
}

/** Neither words nor a line for the shell. */
export const saysNothing = (line: CommandLine): boolean =>
  line.form === 'exec' ? line.words.length === 0 : line.line === '';

/** What ENTRYPOINT makes of a configuration. A command that was inherited was meant for another entry point, or none. */
export function withEntrypoint(
  config: ContainerConfig,
  line: CommandLine,
  commandSaid: boolean,
): ContainerConfig {
  const { Cmd, Entrypoint: _, ...rest } = config;
  return {
    ...rest,
    ...(commandSaid && Cmd ? { Cmd } : {}),
    ...(saysNothing(line) ? {} : { Entrypoint: commandOf(line, config) }),
  };
}

/** No process can enter a longer one (PATH_MAX); each line may add to it. */
const PATH_CHARS_MAX = 4096;

/**
 * An absolute directory as it stands, a relative one from the one before, made clean.
 * @throws InvalidArgument for one that is too long, or none
 */
export function directoryFrom(before: string, word: string): string {
  if (word === '') throw changeFailure.workingDirBlank();
  const whole = word.startsWith('/') ? word : `${before}/${word}`;
  if (whole.length > PATH_CHARS_MAX) throw changeFailure.workingDirTooLong({ most: PATH_CHARS_MAX });
  if (word.startsWith('/')) return word;
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

const PORT_MAX = 65_535;
/** Every port of the three protocols, once: a range of eight characters makes as many as there are. */
export const EXPOSED_MAX = 3 * (PORT_MAX + 1);

/**
 * `80`, `53/udp` and `7000-7010/tcp`, port by port. As in dockerd a port of the host may stand before it, as for
 * publishing, and means nothing.
 * @throws InvalidArgument
 */
export function portsOf(word: string): string[] {
  const parts = /^(?:[\da-f.:[\]-]*:)?(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word);
  const first = Number(parts?.[1] ?? -1);
  const last = Number(parts?.[2] ?? first);
  if (!parts || first < 0 || last > PORT_MAX || last < first) throw changeFailure.portInvalid({ port: word });
  const protocol = (parts[3] ?? 'tcp').toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${protocol}`);
}

/** As it stands, if it is a signal's name, or could be its number. @throws InvalidArgument */
export function signalOf(signal: string): string {
  if (!/^[1-9]\d{0,2}$/.test(signal) && signalNumber(signal) === undefined)
    throw changeFailure.signalInvalid({ signal });
  return signal;
}

/** What HEALTHCHECK means; without a probe there is to be none, whatever the base has. */
export function healthOf(probe: Probe | undefined): HealthConfig {
  if (!probe) return { Test: ['NONE'] };
  const { line, interval, timeout, startPeriod, startInterval, retries } = probe;
  return {
    Test: line.form === 'exec' ? ['CMD', ...line.words.map(textOf)] : ['CMD-SHELL', textOf(line.line)],
    ...(interval ? { Interval: interval } : {}),
    ...(timeout ? { Timeout: timeout } : {}),
    ...(startPeriod ? { StartPeriod: startPeriod } : {}),
    ...(startInterval ? { StartInterval: startInterval } : {}),
    ...(retries ? { Retries: retries } : {}),
  };
}
