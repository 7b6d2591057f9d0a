/** Which rules are held: `# check=skip=StageNameCasing;error=true`, in the first lines or right before an instruction. */
import { textOf } from '../../../formats/byte-text.ts';
import { lower, trimmed } from '../../../formats/dockerfile/blanks.ts';
import type { Dockerfile } from '../../../formats/dockerfile/instruction.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import { lintFailure } from '../../../model/failures/lint.ts';
import type { Rule, Warning } from './rules.ts';

type Names = ReadonlySet<string> | 'all';

/** What was said of rules. */
export interface CheckSettings {
  readonly skip: Names;
  readonly experimental: Names;
  /** A build ends where one is broken. */
  readonly isError: boolean;
}

const NONE: CheckSettings = { skip: new Set(), experimental: new Set(), isError: false };

/** What the client says in place of the Dockerfile's own directive. */
const CHECK = 'BUILDKIT_DOCKERFILE_CHECK';

/** Of a whole build. @throws InvalidArgument */
export const settingsOf = (
  { directives }: Pick<Dockerfile, 'directives'>,
  buildArgs: ReadonlyMap<string, string>,
): CheckSettings => readCheck(buildArgs.get(CHECK) ?? textOf(directives.check ?? ''));

/** @throws InvalidArgument */
export function readCheck(said: string): CheckSettings {
  if (said.trim() === '') return NONE;
  return Object.assign({ ...NONE }, ...said.trim().split(';').map(readOption));
}

function readOption(option: string): Partial<CheckSettings> {
  const at = option.indexOf('=');
  if (at < 0) throw lintFailure.optionInvalid({ option });
  const [name, value] = [option.slice(0, at).trim(), option.slice(at + 1).trim()];
  if (name === 'skip') return { skip: namesOf(value) };
  if (name === 'experimental') return { experimental: namesOf(value) };
  if (name !== 'error') throw lintFailure.optionInvalid({ option: name });
  if (/^(?:1|t|true)$/i.test(value)) return { isError: true };
  if (/^(?:0|f|false)$/i.test(value)) return { isError: false };
  throw lintFailure.optionInvalid({ option });
}

const namesOf = (value: string): Names =>
  value === 'all' ? 'all' : new Set(value.split(',').map((name) => name.trim()));

/** What comments right before an instruction add for it alone. One that cannot be read adds nothing. */
export function withComments(settings: CheckSettings, comments: readonly ByteText[]): CheckSettings {
  const said = comments.map(checkOf).find((value) => value !== undefined);
  if (said === undefined) return settings;
  try {
    const own = readCheck(said.split(' ', 1)[0] ?? '');
    return {
      ...settings,
      skip: union(settings.skip, own.skip),
      experimental: union(settings.experimental, own.experimental),
    };
  } catch {
    return settings;
  }
}

function checkOf(comment: ByteText): string | undefined {
  const [, name = '', value = ''] = /^([a-z][a-z0-9]*)[\t-\r ]*=(.*)$/i.exec(comment) ?? [];
  return lower(name) === 'check' ? textOf(trimmed(value)) : undefined;
}

const union = (a: Names, b: Names): Names => (a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]));

const has = (names: Names, name: string): boolean => names === 'all' || names.has(name);

/** Whether the rule is held. */
export const isHeld = ({ name, experimental }: Rule, settings: CheckSettings): boolean =>
  experimental ? has(settings.experimental, name) : !has(settings.skip, name);

/** Why a build ends that may not have any. */
export function violation(warnings: readonly Warning[], { isError }: CheckSettings): Error | undefined {
  const names = [...new Set(warnings.map(({ rule }) => rule.name))];
  return isError && names.length > 0 ? lintFailure.violated({ rules: names.join(', ') }) : undefined;
}
