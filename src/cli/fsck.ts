/** `gantry fsck`: is everything that is recorded there, and is it what it was? */
import { Command } from 'commander';
import { daemonOptions } from './daemon.ts';

export const fsckCommand = (finish: (code: number) => void): Command =>
  new Command('fsck')
    .description('look whether images, layers, containers and volumes on the disk are whole')
    .option('--config-file <file>', "the daemon's settings")
    .option('--data-root <dir>', 'look at this data root')
    .action(async (given: { configFile?: string; dataRoot?: string }) => {
      // Imported late: only this command and the daemon need storage.
      const { formatFsck, fsck } = await import('../daemon/fsck.ts');
      const flags = given.dataRoot === undefined ? given : { ...given, dataRoot: [given.dataRoot] };
      const report = await fsck(daemonOptions(flags).dataRoot);
      process.stdout.write(formatFsck(report));
      finish(report.findings.some((each) => each.is === 'damage') ? 1 : 0);
    });
