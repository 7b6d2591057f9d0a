/** For volumes.test.ts: makes or removes volumes and kills itself with -9 where its second argument says. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '../../base/log.ts';
import { openStorage } from '../open.ts';
import { openRecords } from '../records/records.ts';
import type { VolumeRow } from '../storage.ts';

const [root = '', where = ''] = process.argv.slice(2);
const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('still alive');
};
const row = (name: string, more: Partial<VolumeRow> = {}): VolumeRow => ({
  name,
  createdAt: '2026-01-01T00:00:00Z',
  labels: { keep: 'me' },
  options: null,
  ...more,
});

const storage = await openStorage({ root, log: silentLog });
await storage.volumes.create([row('before')]);
writeFileSync(join(storage.volumes.pathOf('before'), 'file'), 'content');
switch (where) {
  case 'directory without row':
    mkdirSync(storage.volumes.pathOf('fresh'), { recursive: true });
    die();
    break;
  case 'pending':
    await storage.volumes.create([row('fresh', { pending: true })]);
    writeFileSync(join(storage.volumes.pathOf('fresh'), 'half'), 'copied');
    die();
    break;
  case 'half copied':
    mkdirSync(join(storage.volumes.pathOf('before'), '../_copy'));
    writeFileSync(join(storage.volumes.pathOf('before'), '../_copy/half'), '');
    die();
    break;
  case 'leaving':
    await storage.records.write(storage.volumes.leave(['before']).changes);
    die();
    break;
  case 'lost records': {
    await storage.close();
    const records = openRecords(join(root, 'records.sqlite'), silentLog);
    await records.write([{ table: 'volumes', key: 'before', value: undefined }]);
    die();
    break;
  }
  default:
    throw new Error(`no such place: ${where}`);
}
