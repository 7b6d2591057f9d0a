/** Build arguments: which a Dockerfile declares, what each is worth, and which a step must be told apart by. Pure. */
import { platformText, type WantedPlatform } from '../../../formats/platform.ts';

/** Arguments that every RUN step gets when the client gives them; history and cache know nothing of those not declared. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** What is known of arguments at one place of a Dockerfile. Never changed: {@link declare} gives the next. */
export interface BuildArguments {
  /** By the client. Null: it named the argument without a value. */
  readonly given: ReadonlyMap<string, string | null>;
  /** Of the platforms, and declared before the first FROM: FROM sees them, a stage those that it declares again. */
  readonly global: ReadonlyMap<string, string | undefined>;
  /** By this stage so far, with the default there. */
  readonly declared: ReadonlyMap<string, string | undefined>;
}

/** The arguments at the top of a Dockerfile. */
export const argumentsAtTop = (
  given: ReadonlyMap<string, string | null>,
  platforms: { readonly build: WantedPlatform; readonly target: WantedPlatform },
): BuildArguments => ({
  given,
  global: new Map([...ofPlatform('BUILD', platforms.build), ...ofPlatform('TARGET', platforms.target)]),
  declared: new Map(),
});

function ofPlatform(prefix: string, platform: WantedPlatform): [string, string][] {
  const { os, architecture, variant } = platform;
  return [
    [`${prefix}PLATFORM`, platformText(platform)],
    [`${prefix}OS`, os],
    [`${prefix}ARCH`, architecture],
    [`${prefix}VARIANT`, variant],
  ];
}

/** After an ARG of a stage. */
export const declare = (
  args: BuildArguments,
  name: string,
  byDefault: string | undefined,
): BuildArguments => ({ ...args, declared: new Map([...args.declared, [name, byDefault]]) });

/** After an ARG before the first FROM. */
export const declareGlobally = (
  args: BuildArguments,
  name: string,
  byDefault: string | undefined,
): BuildArguments => ({ ...args, global: new Map([...args.global, [name, byDefault]]) });

/** At the top of a stage: what an earlier one declared means nothing to it. */
export const argumentsOfStage = (args: BuildArguments): BuildArguments => ({ ...args, declared: new Map() });

/** What FROM can be written with. */
export const globalValues = (args: BuildArguments): Map<string, string> => valuesOf(args, args.global);

/** What instructions of the stage can be written with, and what RUN finds in its environment. */
export const stageValues = (args: BuildArguments): Map<string, string> => valuesOf(args, args.declared);

/** A declared argument's value is a part of the step; a proxy that nobody declared is not. */
export const tellsStepsApart = ({ declared }: BuildArguments, name: string): boolean =>
  declared.has(name) || !PROXIES.includes(name);

/** Names that the client gave a value for, and that no stage has declared. */
export const unusedArguments = (given: BuildArguments['given'], declared: ReadonlySet<string>): string[] =>
  [...given.keys()].filter((name) => !declared.has(name) && !PROXIES.includes(name));

function valuesOf(
  { given, global }: BuildArguments,
  names: ReadonlyMap<string, string | undefined>,
): Map<string, string> {
  const values = new Map<string, string>();
  for (const name of [...names.keys(), ...PROXIES]) {
    const value = given.get(name) ?? names.get(name) ?? global.get(name);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}
