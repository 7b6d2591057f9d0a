/** What instructions say of a configuration, each for itself: those of a Dockerfile and those of a commit. Pure. */
import { textOf } from '../../formats/byte-text.ts';
import type { CommandLine, Probe } from '../../formats/dockerfile/instruction.ts';
import type { ContainerConfig, HealthConfig } from '../../model/config.ts';
import { changeFailure } from '../../model/failures/change.ts';

const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** What a line for the shell is put behind. */
export const shellOf = ({ Shell }: ContainerConfig): readonly string[] =>
  Shell?.length ? Shell : DEFAULT_SHELL;

/** The words that a line means: the JSON form is the words themselves, anything else is for the shell. */
export function commandOf(line: CommandLine, config: ContainerConfig): string[] {
  if (line.form === 'exec') return line.words.map(textOf);
  return line.line === '' ? [] : [...shellOf(config), textOf(line.line)];
}

/** No process can enter a longer one (PATH_MAX); each line may add to it. */
const PATH_CHARS_MAX = 4096;

/** A relative directory goes on from the one before. @throws InvalidArgument for one that is too long, or none */
export function directoryFrom(before: string, word: string): string {
  if (word === '') throw changeFailure.workingDirBlank();
  const whole = word.startsWith('/') ? word : `${before || '/'}/${word}`;
  if (whole.length > PATH_CHARS_MAX) throw changeFailure.workingDirTooLong({ most: PATH_CHARS_MAX });
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

/** `80`, `53/udp` and `7000-7010/tcp`, port by port. @throws InvalidArgument */
export function portsOf(word: string): string[] {
  const parts = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word);
  const first = Number(parts?.[1] ?? -1);
  const last = Number(parts?.[2] ?? first);
  if (!parts || first < 0 || last > PORT_MAX || last < first) throw changeFailure.portInvalid({ port: word });
  const protocol = (parts[3] ?? 'tcp').toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${protocol}`);
}

/** As it stands, if it can be a signal: on another kernel it may have another number. @throws InvalidArgument */
export function signalOf(signal: string): string {
  if (!/^(?:\d{1,2}|[A-Za-z0-9+-]{1,16})$/.test(signal)) throw changeFailure.signalInvalid({ signal });
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
