/** Failures of reading a Dockerfile, in dockerd's words; what would help stands behind them. */
import { InvalidArgument } from '../../base/errors.ts';
import { contexts, failure, failures } from '../../base/failures.ts';

type Command = { command: string };
type Flag = { flag: string };
const quoted = (text: string): string => JSON.stringify(text.slice(0, 200));
const meant = (near: string | undefined): string =>
  near === undefined || near === '' ? '' : ` (did you mean ${near}?)`;

/** Failures of reading a Dockerfile. */
export const dockerfileFailure = failures('dockerfile', {
  fileEmpty: failure(
    InvalidArgument,
    ({ file }: { file: string }) => `the Dockerfile (${file}) cannot be empty`,
  ),
  empty: failure(InvalidArgument, () => 'file with no instructions'),
  directiveTwice: failure(
    InvalidArgument,
    ({ name }: { name: string }) => `only one ${name} parser directive can be used`,
  ),
  escapeInvalid: failure(
    InvalidArgument,
    ({ given }: { given: string }) => `invalid escape token '${given.slice(0, 200)}' does not match \` or \\`,
  ),
  heredocUnterminated: failure(
    InvalidArgument,
    ({ delimiter }: { delimiter: string }) =>
      `unterminated heredoc: no line of the file is ${quoted(delimiter)} alone`,
  ),
  instructionsTooMany: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `more than ${most} instructions`,
  ),
  heredocsTooMany: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `more than ${most} heredocs in one instruction`,
  ),
  heredocDestination: failure(
    InvalidArgument,
    ({ command }: Command) => `${command} cannot accept a heredoc as a destination`,
  ),
  instructionUnknown: failure(
    InvalidArgument,
    ({ word, near }: { word: string; near?: string | undefined }) =>
      `unknown instruction: ${word.slice(0, 200)}${meant(near)}`,
  ),
  noStage: failure(
    InvalidArgument,
    ({ command }: Command) =>
      `no build stage in current context: ${command} stands before the first FROM, where only ARG may`,
  ),
  argumentMissing: failure(
    InvalidArgument,
    ({ command }: Command) => `${command} requires at least one argument`,
  ),
  argumentsNotOne: failure(
    InvalidArgument,
    ({ command }: Command) => `${command} requires exactly one argument`,
  ),
  argumentsNotTwo: failure(
    InvalidArgument,
    ({ command }: Command) => `${command} must have two arguments: ${command} name=value`,
  ),
  destinationMissing: failure(
    InvalidArgument,
    ({ command }: Command) =>
      `${command} requires at least two arguments, but only one was provided. Destination could not be determined`,
  ),
  equalsMissing: failure(
    InvalidArgument,
    ({ word }: { word: string }) =>
      `Syntax error - can't find = in ${quoted(word)}. Must be of the form: name=value`,
  ),
  nameBlank: failure(InvalidArgument, ({ command }: Command) => `${command} names can not be blank`),
  fromArguments: failure(
    InvalidArgument,
    () => 'FROM requires either one or three arguments: FROM image, or FROM image AS name',
  ),
  stageNameInvalid: failure(
    InvalidArgument,
    ({ name }: { name: string }) =>
      `invalid name for build stage: ${quoted(name)}, name can't start with a number or contain symbols`,
  ),
  jsonNotStrings: failure(
    InvalidArgument,
    () => 'when using JSON array syntax, arrays must be comprised of strings only',
  ),
  jsonMissing: failure(
    InvalidArgument,
    ({ command, source }: Command & { source: string }) =>
      `${command} requires the arguments to be in JSON form: ${source.slice(0, 200)} is not ${command} ["program", "argument"]`,
  ),
  volumeEmpty: failure(InvalidArgument, () => 'VOLUME specified can not be an empty string'),
  flagUnknown: failure(
    InvalidArgument,
    ({ flag, near }: Flag & { near?: string | undefined }) =>
      `Unknown flag: ${flag.slice(0, 200)}${meant(near)}`,
  ),
  flagTwice: failure(InvalidArgument, ({ flag }: Flag) => `Duplicate flag specified: ${flag}`),
  flagValueMissing: failure(InvalidArgument, ({ flag }: Flag) => `Missing a value on flag: ${flag}`),
  flagNotBoolean: failure(
    InvalidArgument,
    ({ flag, value }: Flag & { value: string }) =>
      `Expecting boolean value for flag ${flag}, not: ${value.slice(0, 200)}`,
  ),
  flagValueInvalid: failure(
    InvalidArgument,
    ({ flag, value, allowed }: Flag & { value: string; allowed: string }) =>
      `invalid value ${quoted(value)} for flag ${flag}: it is one of ${allowed}`,
  ),
  triggerInvalid: failure(
    InvalidArgument,
    ({ trigger }: { trigger: string }) => `${trigger} isn't allowed as an ONBUILD trigger`,
  ),
  triggerChained: failure(InvalidArgument, () => "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
  triggerNotOne: failure(InvalidArgument, () => 'onbuild trigger should be a single expression'),
  durationInvalid: failure(
    InvalidArgument,
    ({ why, text, flag }: Flag & { why: string; text: string }) =>
      `time: ${why} duration ${quoted(text)}: --${flag} is written as 30s or 1m30s`,
  ),
  durationTooShort: failure(
    InvalidArgument,
    ({ flag }: Flag) => `Interval "${flag}" cannot be less than 1ms`,
  ),
  retriesInvalid: failure(InvalidArgument, ({ value }: { value: string }) =>
    /^-\d+$/.test(value)
      ? `--retries must be at least 1 (not ${value.slice(0, 200)})`
      : `strconv.ParseInt: parsing ${quoted(value)}: invalid syntax: --retries is a number`,
  ),
  noneTakesNothing: failure(InvalidArgument, () => 'HEALTHCHECK NONE takes no arguments'),
  healthTypeUnknown: failure(
    InvalidArgument,
    ({ type }: { type: string }) => `Unknown type ${quoted(type)} in HEALTHCHECK (try CMD)`,
  ),
  healthCommandMissing: failure(InvalidArgument, () => 'Missing command after HEALTHCHECK CMD'),
  mountInvalid: failure(
    InvalidArgument,
    ({ mount, why, near }: { mount: string; why: string; near?: string | undefined }) =>
      `invalid mount ${quoted(mount)}: ${why}${meant(near)}`,
  ),
  quoteOpen: failure(
    InvalidArgument,
    ({ kind }: { kind: 'single-quote' | 'double-quote' }) =>
      `unexpected end of statement while looking for matching ${kind}`,
  ),
  braceOpen: failure(InvalidArgument, () => "syntax error: missing '}'"),
  slashMissing: failure(InvalidArgument, () => `syntax error: missing '/' in $\{}`),
  substitutionBad: failure(InvalidArgument, () => 'syntax error: bad substitution'),
  modifierUnsupported: failure(
    InvalidArgument,
    ({ modifier }: { modifier: string }) => `unsupported modifier (${modifier}) in substitution`,
  ),
  patternInvalid: failure(
    InvalidArgument,
    ({ pattern, escaped }: { pattern: string; escaped: string }) =>
      `invalid pattern (${pattern.slice(0, 200)}) in substitution: invalid escape '\\${escaped}'`,
  ),
  variableRequired: failure(
    InvalidArgument,
    ({ name, why }: { name: string; why: string }) => `${name}: ${why.slice(0, 1000)}`,
  ),
  nestedTooDeep: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `substitutions nested more than ${most} deep`,
  ),
  expansionTooLong: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `variables that bring in more than ${most} characters`,
  ),
  expansionTooSlow: failure(InvalidArgument, () => 'patterns in substitutions that take too long to match'),
});

/** What stands before the words of a failure: where it was met. */
export const dockerfileContext = contexts('dockerfile', {
  onLine: ({ line }: { line: number }) => `dockerfile parse error line ${line}`,
  inFile: ({ file }: { file: string }) => `failed to parse ${file}`,
  inWord: ({ word }: { word: string }) => `failed to process ${quoted(word)}`,
});
