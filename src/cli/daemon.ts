/** `gantry daemon`: reads flags and daemon.json, and runs the engine in this process. */
import { Command, Option } from 'commander';
import { DEFAULT_CONFIG_FILE, merge, readConfig } from '../daemon/config-file.ts';
import { type DaemonOptions, optionsFrom } from '../daemon/options.ts';
import { type Setting, settings, type Values, valueFromFlag } from '../daemon/settings.ts';

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Commander's options of one setting: the flag, and one hidden option for each old spelling. */
function optionsOf(setting: Setting): Option[] {
  const argument = /<.*>|\[.*\]/.exec(setting.flags ?? '')?.[0] ?? '';
  const shown = new Option(setting.flags ?? '', setting.help).argParser(collect);
  const hidden = setting.aliases.map((alias) =>
    new Option(`${alias} ${argument}`).argParser(collect).hideHelp(),
  );
  for (const option of [shown, ...hidden]) if (setting.kind === 'boolean') option.preset('true');
  return [shown, ...hidden];
}

/** What the flags brought, by key. @throws InvalidArgument */
function valuesFrom(given: Readonly<Record<string, unknown>>): Values {
  const entries = settings.flatMap((setting) => {
    const texts = optionsOf(setting).flatMap((option) => (given[option.attributeName()] ?? []) as string[]);
    return texts.length === 0 ? [] : [[setting.key, valueFromFlag(setting, texts)] as const];
  });
  return new Map(entries);
}

/** Options of the daemon from its command line's parsed flags. @throws InvalidArgument, one line */
export function daemonOptions(given: Readonly<Record<string, unknown>>): DaemonOptions {
  const file = given.configFile as string | undefined;
  return optionsFrom(merge(valuesFrom(given), readConfig(file)));
}

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
