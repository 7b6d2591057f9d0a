/** `gantry doctor`: every precondition, ok or what is missing and how to mend it. */
import { Command } from 'commander';
import { daemonOptions } from './daemon.ts';

/** The command; `finish` gets 0 when nothing is missing, else 1. */
export const doctorCommand = (finish: (code: number) => void): Command =>
  new Command('doctor')
    .description('look whether this host can run the engine')
    .option('--config-file <file>', "the daemon's settings")
    .option('--data-root <dir>', 'look at this data root')
    .action(async (given: { configFile?: string; dataRoot?: string }) => {
      // Imported late: only this command and the daemon need system calls.
      const { examine, formatChecks } = await import('../daemon/doctor.ts');
      const flags = given.dataRoot === undefined ? given : { ...given, dataRoot: [given.dataRoot] };
      const checks = await examine(daemonOptions(flags));
      process.stdout.write(formatChecks(checks));
      finish(checks.some((one) => one.state === 'missing') ? 1 : 0);
    });
