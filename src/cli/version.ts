/** `gantry version`: this program and the Node.js that runs it. */
import { Command } from 'commander';
import { BUILT, COMMIT, VERSION } from '../base/release.ts';

/** The table that `gantry version` prints. */
function versionText(): string {
  const rows = [
    ['Gantry', VERSION],
    ['Commit', COMMIT],
    ['Built', COMMIT === 'source' ? 'no: running from source' : BUILT],
    ['Node.js', `${process.version} (${process.execPath})`],
    ['Platform', `${process.platform}/${process.arch}`],
  ] as const;
  return rows.map(([name, value]) => `${`${name}:`.padEnd(10)} ${value}\n`).join('');
}

/** The command. */
export const versionCommand = (): Command =>
  new Command('version').description('print versions').action(() => void process.stdout.write(versionText()));
