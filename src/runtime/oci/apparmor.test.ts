import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { APPARMOR_PROFILE, type AppArmorHost, defaultAppArmor } from './apparmor.ts';

/** A kernel's files in a directory; `parse` stands for apparmor_parser. */
function host(scope: { after(end: () => void): void }, enabled: string, parse: (h: AppArmorHost) => void) {
  const dir = mkdtempSync(join(tmpdir(), 'gantry-apparmor-'));
  scope.after(() => rmSync(dir, { recursive: true }));
  const made: AppArmorHost = {
    enabledFile: join(dir, 'enabled'),
    profilesFile: join(dir, 'profiles'),
    load: () => parse(made),
  };
  writeFileSync(made.enabledFile, enabled);
  writeFileSync(made.profilesFile, `${APPARMOR_PROFILE}-other (enforce)\n`);
  return made;
}
const loads = ({ profilesFile }: AppArmorHost) =>
  writeFileSync(profilesFile, `${APPARMOR_PROFILE} (enforce)\n`);

test('a kernel without AppArmor has no profile', (t) => {
  assert.equal(defaultAppArmor(silentLog, host(t, 'N\n', loads)), undefined);
});
test('the profile is loaded where it is missing', (t) => {
  assert.equal(defaultAppArmor(silentLog, host(t, 'Y\n', loads)), APPARMOR_PROFILE);
});
test('a profile that is not there after loading is not claimed', (t) => {
  const fails = () => {
    throw new Error('no parser');
  };
  assert.equal(
    defaultAppArmor(
      silentLog,
      host(t, 'Y\n', () => undefined),
    ),
    'unconfined',
  );
  assert.equal(defaultAppArmor(silentLog, host(t, 'Y\n', fails)), 'unconfined');
});
