import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog } from '../base/log.ts';
import { AF, bind, receiveDescriptors, SOCK, socket, unixAddress } from '../linux/index.ts';
import { openDescriptorStore } from './descriptor-store.ts';

test('descriptors are handed to systemd by names, in place of those of the same names, and what it gives back is found', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-store-'));
  const [path, systemd] = [join(directory, 'notify'), socket(AF.UNIX, SOCK.DGRAM, 0)];
  const file = openSync('/dev/null', 'r');
  t.after(() => {
    for (const fd of [systemd, file]) closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  bind(systemd, unixAddress(path));
  const passed = [
    { fd: 3, name: 'gantry.socket' },
    { fd: 4, name: 'held.keeper.output.in' },
  ];
  const store = openDescriptorStore(silentLog, path, passed);
  assert.deepEqual([...(store?.found ?? [])], [['keeper.output.in', 4]]);
  store?.keep(new Map([['one', file]]));
  const messages = [receiveDescriptors(systemd), receiveDescriptors(systemd)];
  assert.deepEqual(
    messages.map((each) => [each?.data.toString(), each?.fds.length]),
    [
      ['FDSTOREREMOVE=1\nFDNAME=held.one', 0],
      ['FDSTORE=1\nFDNAME=held.one\nFDPOLL=0', 1],
    ],
  );
  for (const fd of messages.flatMap((each) => each?.fds ?? [])) closeSync(fd);
});

test('without systemd there is no store, and one that is gone is no reason to fail', () => {
  assert.equal(openDescriptorStore(silentLog, undefined, []), undefined);
  openDescriptorStore(silentLog, '/nowhere/notify', [])?.keep(new Map([['one', 0]]));
});
