/** `gantry daemon`: reads flags and daemon.json, and runs the engine in this process. */
import { Command, Option } from 'commander';
import { DEFAULT_CONFIG_FILE, merge, readConfig } from '../daemon/config-file.ts';
import { type DaemonOptions, optionsFrom } from '../daemon/options.ts';
import { type Setting, settings, type Values, valueFromFlag } from '../daemon/settings.ts';

/** What one flag brought so far: its values in order, or `true` when a switch stood there without one. */
type Given = readonly string[] | true | undefined;

const textsOf = (given: Given): readonly string[] => (given === true ? ['true'] : (given ?? []));
/** Go's flags also take `-D=false`, which commander reads as the value `=false`. */
const collect = (value: string, before: Given): Given => [...textsOf(before), value.replace(/^=/, '')];

/**
 * Commander's options of one setting: the flag, and one hidden option for each old spelling; none for what only the file
 * can say.
 */
function optionsOf(setting: Setting): Option[] {
  if (setting.flags === undefined) return [];
  const argument = /<.*>|\[.*\]/.exec(setting.flags)?.[0] ?? '';
  const shown = new Option(setting.flags, setting.help).argParser(collect);
  shown.negate = false; // commander takes --no-new-privileges for the opposite of another flag
  const hidden = setting.aliases.map((alias) =>
    new Option(`${alias} ${argument}`).argParser(collect).hideHelp(),
  );
  return [shown, ...hidden];
}

/** What the flags brought, by key. @throws InvalidArgument */
function valuesFrom(given: Readonly<Record<string, unknown>>): Values {
  const entries = settings.flatMap((setting) => {
    const texts = optionsOf(setting).flatMap((option) => textsOf(given[option.attributeName()] as Given));
    return texts.length === 0 ? [] : [[setting.key, valueFromFlag(setting, texts)] as const];
  });
  return new Map(entries);
}

/** Options of the daemon from its command line's parsed flags. @throws InvalidArgument, one line */
export function daemonOptions(given: Readonly<Record<string, unknown>>): DaemonOptions {
  const file = given.configFile as string | undefined;
  return optionsFrom(merge(valuesFrom(given), readConfig(file)));
}

/** The command; `finish` is called with the exit code when the engine has ended. */
export function daemonCommand(finish: (code: number) => void): Command {
  const command = new Command('daemon')
    .description('run the engine')
    .option('--config-file <file>', `settings as JSON (default: ${DEFAULT_CONFIG_FILE}, if it exists)`);
  for (const option of settings.flatMap(optionsOf)) command.addOption(option);
  return command.action(async (given: Record<string, unknown>) => {
    const options = daemonOptions(given);
    const { runDaemon } = await import('../daemon/index.ts');
    finish(await runDaemon(options));
  });
}
