/** For crash.test.ts: loads, imports, names and removes images for ever, and says each thing that was answered. */
import { writeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { silentLog } from '../../base/log.ts';
import { nowNanos } from '../../base/time.ts';
import { Registries } from '../../registry/index.ts';
import { openStorage } from '../../storage/index.ts';
import { createImages } from './images.ts';
import { configOf, dockerArchive, file, said, tarOf } from './test-host.ts';

const [root = '', first = '0'] = process.argv.slice(2);
const storage = await openStorage({ root, log: silentLog });
const images = await createImages({
  storage,
  events: { emit: () => undefined },
  now: nowNanos,
  usedBy: () => [],
  log: silentLog,
  registries: new Registries({ mirrors: [], insecure: [], certificates: [] }),
  transfers: { down: 3, up: 5 },
});
const signal = new AbortController().signal;
/** Synchronous: what was answered is out before anything else happens. */
const answer = (line: string): void => void writeSync(1, `${line}\n`);

answer('open');
const base = tarOf(...Array.from({ length: 40 }, (_, i) => file(`base/${i}`, `base ${i}`.repeat(500))));
for (let i = Number(first); ; i++) {
  const upper = tarOf(
    ...Array.from({ length: 20 }, (_, n) => file(`upper/${n}`, `image ${i} file ${n}`.repeat(200))),
  );
  const config = configOf([base, upper]);
  await said(
    images.load(Readable.from([dockerArchive([base, upper], { tags: [`load:${i}`], config })]), {
      quiet: true,
      platforms: [],
      signal,
    }),
  );
  answer(`+load:${i}`);
  const options = { repo: 'import', tag: String(i), message: '', changes: [], platform: undefined, signal };
  await said(images.importRootfs(Readable.from([gzipSync(upper)]), options));
  answer(`+import:${i}`);
  await images.tag(`load:${i}`, { repo: 'again', tag: String(i) });
  answer(`+again:${i}`);
  for (const name of [`load:${i - 2}`, `again:${i - 2}`, `import:${i - 1}`]) {
    if (
      !(await images.list({ all: true, filters: new Map([['reference', [name]]]), sharedSize: false })).length
    )
      continue;
    answer(`?${name}`);
    await images.remove(name, { force: true, prune: true });
    answer(`-${name}`);
  }
}
