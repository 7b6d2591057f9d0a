/** What is looked at in a container: processes, changes, its file system. */
import assert from 'node:assert/strict';
import { type Check, check } from '../../probe.ts';
import type { Doc } from './rows.ts';

export const looks: readonly Check[] = [
  check('ContainerTop', 'lists processes in the form of its version', async (probe) => {
    // A container that has started is, for a moment, the runtime's own process still.
    const id = await probe.running({ Cmd: ['sh', '-c', 'echo up; exec sleep 600'] });
    await probe.hasWritten(id, 'up');
    const told = probe.succeeded<unknown>('ContainerTop', await probe.api.get(`/containers/${id}/top`));
    if (probe.minor >= 4) {
      const { Titles, Processes } = told as { Titles: string[]; Processes: string[][] };
      assert.ok(Titles.includes('PID') && Processes.some((row) => row.join(' ').includes('sleep 600')));
    } else assert.ok((told as Doc[]).some(({ Cmd }) => String(Cmd).includes('sleep')));
  }),
  check('ContainerTop', 'a container that does not run', async (probe) => {
    const id = await probe.create();
    const answer = await probe.api.get(`/containers/${id}/top`);
    probe.failed('ContainerTop', answer, 500, new RegExp(`^Container ${id}\\w* is not running$`));
  }),
  check('ContainerChanges', 'tells what was added, changed and deleted', async (probe) => {
    const id = await probe.ended('echo x >/new; rm /etc/passwd');
    const rows = probe.succeeded<{ Path: string; Kind: number }[]>(
      'ContainerChanges',
      await probe.api.get(`/containers/${id}/changes`),
    );
    const kinds = Object.fromEntries(rows.map(({ Path, Kind }) => [Path, Kind]));
    assert.deepEqual([kinds['/etc'], kinds['/new'], kinds['/etc/passwd']], [0, 1, 2]);
  }),
  check('ContainerExport', 'is an archive of the file system', async (probe) => {
    const id = await probe.ended('echo hello >/new');
    const answer = await probe.api.get(`/containers/${id}/export`);
    probe.succeeded('ContainerExport', answer);
    assert.equal(answer.bytes.subarray(257, 262).toString(), 'ustar');
    assert.ok(answer.bytes.includes('hello\n'));
  }),
  check('ContainerResize', 'a terminal takes a new size', async (probe) => {
    const id = await probe.running({ Tty: true, Cmd: ['sh', '-c', 'sleep 0.2; stty size; sleep 600'] });
    probe.succeeded('ContainerResize', await probe.api.post(`/containers/${id}/resize?h=33&w=77`));
  }),
  check('ContainerResize', 'sizes that are none', async (probe) => {
    const id = await probe.running({ Tty: true });
    const answer = await probe.api.post(`/containers/${id}/resize?h=x&w=1`);
    probe.failed(
      'ContainerResize',
      answer,
      500,
      /^strconv\.(ParseInt|Atoi|ParseUint): parsing "x": invalid syntax$/,
    );
  }),
];
