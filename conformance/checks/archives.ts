/** Files in and out of containers: copy, and the archive endpoints that followed it. */
import assert from 'node:assert/strict';
import { type Check, check, type Probe, type Texts } from '../probe.ts';
import { type Entry, pack, read } from '../tar.ts';
import { noContainer } from '../texts.ts';

const namesIn = (bytes: Buffer): string[] => read(bytes).map(({ name }) => name);

const copies: readonly Check[] = [
  check('ContainerCopy', 'gives a file, and a directory with what is in it', async (probe) => {
    const id = await probe.ended('mkdir /d; echo hello >/d/f');
    const copied = await probe.api.post(`/containers/${id}/copy`, { Resource: '/d/f', HostPath: 'x' });
    probe.succeeded('ContainerCopy', copied);
    assert.deepEqual(
      read(copied.bytes).map(({ name, content }) => [name, content]),
      [['f', 'hello\n']],
    );
    const directory = await probe.api.post(`/containers/${id}/copy`, { Resource: '/d' });
    assert.deepEqual(namesIn(directory.bytes), ['d/', 'd/f']);
  }),
  check('ContainerCopy', 'a path that is not there', async (probe) => {
    const id = await probe.create();
    const answer = await probe.api.post(`/containers/${id}/copy`, { Resource: '/no/where' });
    const words = `Could not find the file /no/where in container ${id}`;
    probe.failed('ContainerCopy', answer, 500, [
      [4, /no such file or directory|Could not find/],
      [11, words],
    ]);
  }),
  check('ContainerCopy', 'without a path', async (probe) => {
    const id = await probe.create();
    const answer = await probe.api.post(`/containers/${id}/copy`, { Resource: '' });
    probe.failed('ContainerCopy', answer, 500, [
      [4, 'Resource cannot be empty'],
      [7, 'Path cannot be empty'],
    ]);
  }),
  check('ContainerCopy', 'of an unknown container', async (probe) => {
    const answer = await probe.api.post('/containers/nobody/copy', { Resource: '/etc' });
    assert.equal(answer.status, 404);
    probe.says(answer, probe.since<string>([4, 'No such container: nobody'], [19, '']));
  }),
  check('ContainerCopy', 'another content type is refused', async (probe) => {
    const id = await probe.create();
    const headers = { 'content-type': 'text/plain' };
    const answer = await probe.api.post(`/containers/${id}/copy`, '{"Resource":"/etc/passwd"}', { headers });
    probe.failed('ContainerCopy', answer, 500, [
      [4, 'Content-Type not supported: text/plain'],
      [15, "Content-Type specified (text/plain) must be 'application/json'"],
    ]);
  }),
];

const statIn = (header: unknown) =>
  JSON.parse(Buffer.from(String(header), 'base64').toString()) as Record<string, unknown>;

const BY_HEAD = 'x-docker-container-path-stat';
const noPath: Texts = [
  [20, /^(bad parameter: )?'?path'? ?cannot be empty|parameter: 'path' cannot be empty$/i],
];
const put = (probe: Probe, id: string, query: string, entries: readonly Entry[]) =>
  probe.api.put(`/containers/${id}/archive?${query}`, pack(entries), {
    headers: { 'content-type': 'application/x-tar' },
  });

const archiveEndpoints: readonly Check[] = [
  check('ContainerArchiveHead', 'tells of a path in its header', async (probe) => {
    const id = await probe.ended('echo hello >/f; chmod 640 /f; ln -s /f /l');
    const answer = await probe.api.head(`/containers/${id}/archive?path=/f`);
    probe.succeeded('ContainerArchiveHead', answer);
    const { name, size, mode, mtime, linkTarget } = statIn(answer.headers[BY_HEAD]);
    assert.deepEqual([name, size, mode, linkTarget], ['f', 6, 0o640, '']);
    assert.match(String(mtime), /^20\d\d-/);
    const link = statIn((await probe.api.head(`/containers/${id}/archive?path=/l`)).headers[BY_HEAD]);
    // Go's mode bit of symbolic links.
    assert.deepEqual([link.linkTarget, Math.floor(Number(link.mode) / 2 ** 27) % 2], ['/f', 1]);
  }),
  check('ContainerArchiveHead', 'a path that is not there has a status and no body', async (probe) => {
    const id = await probe.create();
    const answer = await probe.api.head(`/containers/${id}/archive?path=/no/where`);
    assert.deepEqual([answer.status, answer.text], [404, '']);
  }),
  check('ContainerArchiveGet', 'is an archive with the same header', async (probe) => {
    const id = await probe.ended('mkdir /d; echo hello >/d/f');
    const answer = await probe.api.get(`/containers/${id}/archive?path=/d`);
    probe.succeeded('ContainerArchiveGet', answer);
    assert.equal(statIn(answer.headers[BY_HEAD]).name, 'd');
    assert.deepEqual(namesIn(answer.bytes), ['d/', 'd/f']);
    const content = await probe.api.get(`/containers/${id}/archive?path=/d/.`);
    assert.deepEqual(namesIn(content.bytes).sort(), ['./', './f']);
  }),
  check('ContainerArchiveGet', 'a path that is not there', async (probe) => {
    const id = await probe.create();
    const answer = await probe.api.get(`/containers/${id}/archive?path=/no/where`);
    assert.equal(answer.status, 404, answer.text);
    probe.says(answer, /no such file or directory|Could not find the file/);
  }),
  check('ContainerArchiveGet', 'without a path', async (probe) => {
    const id = await probe.create();
    probe.failed('ContainerArchiveGet', await probe.api.get(`/containers/${id}/archive`), 400, noPath);
  }),
  check('ContainerArchiveGet', 'of an unknown container', async (probe) => {
    const answer = await probe.api.get('/containers/nobody/archive?path=/etc');
    probe.failed('ContainerArchiveGet', answer, 404, noContainer('nobody'));
  }),
  check('ContainerArchivePut', 'unpacks, as its owner is written there', async (probe) => {
    const id = await probe.running();
    const entry = { name: 'new', content: 'put\n', uid: 5, gid: 6 };
    probe.succeeded('ContainerArchivePut', await put(probe, id, 'path=/tmp', [entry]));
    const [got] = read((await probe.api.get(`/containers/${id}/archive?path=/tmp/new`)).bytes);
    assert.deepEqual([got?.content, got?.uid, got?.gid], ['put\n', 5, 6]);
  }),
  check(
    'ContainerArchivePut',
    'noOverwriteDirNonDir keeps a directory from becoming a file',
    async (probe) => {
      const id = await probe.running({ Cmd: ['sh', '-c', 'mkdir /tmp/d; echo up; sleep 600'] });
      await probe.hasWritten(id, 'up');
      const answer = await put(probe, id, 'path=/tmp&noOverwriteDirNonDir=1', [
        { name: 'd', content: 'file' },
      ]);
      assert.equal(answer.status, 500);
      probe.says(answer, /cannot overwrite directory .* with non-directory/);
    },
  ),
  check('ContainerArchivePut', 'onto a file', async (probe) => {
    const id = await probe.create();
    const answer = await put(probe, id, 'path=/etc/passwd', [{ name: 'x', content: '' }]);
    assert.ok([400, 500].includes(answer.status), `${answer.status}`);
    probe.says(answer, /extraction point is not a directory|not a directory/);
  }),
  check('ContainerArchivePut', 'into a root that is read-only', async (probe) => {
    const id = await probe.running({}, { ReadonlyRootfs: true });
    const answer = await put(probe, id, 'path=/tmp', [{ name: 'x', content: '' }]);
    probe.failed('ContainerArchivePut', answer, 500, 'container rootfs is marked read-only');
  }),
  check('ContainerArchivePut', 'of an unknown container', async (probe) => {
    const answer = await put(probe, 'nobody', 'path=/tmp', []);
    probe.failed('ContainerArchivePut', answer, 404, noContainer('nobody'));
  }),
];

export const archives: readonly Check[] = [...copies, ...archiveEndpoints];
