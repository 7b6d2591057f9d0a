/** `gantry fsck`: is everything that is recorded there, on the disk and in the kernel, and is it what it was? */
import { Command } from 'commander';
import { daemonOptions } from './daemon.ts';

/** The command; `finish` gets 0 when everything is whole, else 1. */
export const fsckCommand = (finish: (code: number) => void): Command =>
  new Command('fsck')
    .description(
      'look whether what is on record is whole on the disk and in the kernel, and whether anything is left over',
    )
    .option('--config-file <file>', "the daemon's settings")
    .option('--data-root <dir>', 'look at this data root')
    .option(
      '--give-up',
      'forget records that were set aside because they cannot be read: the next start clears away what belongs to them',
    )
    .action(async (given: { configFile?: string; dataRoot?: string; giveUp?: boolean }) => {
      // Imported late: only this command and the daemon need storage.
      const { formatFsck, fsck, giveUp, withIdMap } = await import('../daemon/fsck.ts');
      const { giveUp: isGivingUp = false, dataRoot, ...others } = given;
      const flags = dataRoot === undefined ? others : { ...others, dataRoot: [dataRoot] };
      const options = withIdMap(daemonOptions(flags), { make: false });
      if (isGivingUp)
        for (const what of giveUp(options.dataRoot)) process.stdout.write(`given up: ${what}\n`);
      const report = await fsck(options);
      process.stdout.write(formatFsck(report));
      finish(report.findings.some((each) => each.is === 'damage') ? 1 : 0);
    });
