/** Clients whose layouts lie to a build (`oci-layout://`): refused in bounded memory, and nothing of them stays. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { BytesMessage } from '../../src/api/buildkit/messages/common.ts';
import {
  BlobInfoRequest,
  BlobInfoResponse,
  ReadBlobRequest,
  ReadBlobResponse,
} from '../../src/api/buildkit/messages/content.ts';
import { SolveRequest, SolveResponse } from '../../src/api/buildkit/messages/control.ts';
import { hostArchitecture } from '../../src/formats/oci.ts';
import { clientOf, failed, offer, onlyOf, type Service } from '../api/buildkit-peer.ts';
import { fileScope } from '../harness/file-scope.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file } from '../harness/layered.ts';
import { blobsOf } from '../harness/layout.ts';
import { grownBy } from '../harness/memory.ts';
import { until } from '../harness/until.ts';

const scope = fileScope();
let gantry: Gantry;
before(async () => {
  gantry = await startGantry(scope);
});

const CONTENT = '/containerd.services.content.v1.Content/';
const SOLVE = '/moby.buildkit.v1.Control/Solve';
/** The daemon's own memory moves by that much by itself. */
const GROWN_MIB_MAX = 100;
const MIB = 1 << 20;

const members = [file('f', 'text')];
const {
  blobs: own,
  manifests: [manifest],
} = blobsOf([{ architecture: hostArchitecture(), members }]);
/** The same image, whose layer is said to have a terabyte. */
const said = own.get(manifest?.digest ?? '')?.toString() ?? '';
const vast = Buffer.from(said.replace(/(?<="layers":.*"size":)\d+/, String(2 ** 40)));
const VAST = `sha256:${createHash('sha256').update(vast).digest('hex')}`;
const blobs = new Map(own).set(VAST, vast);
const [layer = ''] = [...blobs].flatMap(([digest, bytes]) => (bytes[0] === 0x1f ? [digest] : []));

/** What a layer is sent as. */
type Lie = (send: (offset: number, data: Buffer) => void, bytes: Buffer) => Promise<void>;

/** All that a build asks a client with a Dockerfile and a layout. */
const services = (lie: Lie): Readonly<Record<string, Service>> => ({
  '/moby.upload.v1.Upload/Pull': async (_, send) =>
    send(BytesMessage.encode({ data: Buffer.from('FROM base\n') })),
  [`${CONTENT}Info`]: async (messages, send) => {
    const { digest } = BlobInfoRequest.decode(await onlyOf(messages));
    send(BlobInfoResponse.encode({ info: { digest, size: blobs.get(digest)?.length ?? 0 } }));
  },
  [`${CONTENT}Read`]: async (messages, send) => {
    const { digest } = ReadBlobRequest.decode(await onlyOf(messages));
    const bytes = blobs.get(digest) ?? Buffer.alloc(0);
    const piece = (offset: number, data: Buffer) => send(ReadBlobResponse.encode({ offset, data }));
    if (digest === layer) await lie(piece, bytes);
    else piece(0, bytes);
  },
});

let builds = 0;

/** Builds on the layout, and gives how that fails. */
async function refusal(
  lie: Lie,
  meanwhile: (leave: () => void) => void = () => undefined,
  digest = manifest?.digest,
): Promise<string> {
  const id = `lying-${++builds}`;
  const session = await offer(gantry.socket, id, services(lie));
  const client = await clientOf(gantry.socket);
  const ended = failed(
    client.one(
      SOLVE,
      [SolveRequest, SolveResponse],
      {
        ref: id,
        session: id,
        frontend: 'dockerfile.v0',
        frontendAttrs: new Map([
          ['context', 'http://buildkit-session/it'],
          ['context:base', `oci-layout://store@${digest}`],
        ]),
      },
      new AbortController().signal,
    ),
  );
  meanwhile(() => session.close());
  const { message } = await ended;
  session.close();
  client.close();
  return message;
}

/** Blobs and layers that the store has, and what is half done. */
const kept = (): string[] =>
  ['l', 'staging', 'unfinished', 'content/blobs/sha256'].flatMap((directory) => {
    const path = join(gantry.dataRoot, directory);
    return existsSync(path) ? readdirSync(path).map((name) => `${directory}/${name}`) : [];
  });

const endless: Lie = async (send) => {
  const zeros = Buffer.alloc(MIB);
  // More than fits in any window: the peer of this test keeps it all, the engine must not.
  for (let at = 0; at < 200; at++) send(at * MIB, zeros);
  await new Promise(() => undefined);
};

for (const [title, lie, words] of [
  ['sends its layer without end', endless, /more than \d+ bytes$/],
  [
    'sends another layer',
    async (send, { length }) => send(0, Buffer.alloc(length)),
    /content is sha256:\w+, not/,
  ],
  ['begins elsewhere', async (send, bytes) => send(7, bytes), /bytes from 7 on where 0 is next$/],
  ['leaves off', async (send, bytes) => send(0, bytes.subarray(1)), /\d+ of \d+ bytes$/],
] as readonly [string, Lie, RegExp][])
  test(`a build on a layout whose client ${title} is refused, and leaves nothing`, async () => {
    const before = kept();
    const refused = refusal(lie);
    const grown = await grownBy(gantry, refused);
    const message = await refused;
    assert.match(message, words);
    assert.match(message, /^failed to resolve source metadata for docker\.io\/library\/base@sha256:/);
    assert(grown < GROWN_MIB_MAX, `${grown} MiB`);
    assert.deepEqual(kept().toSorted(), before.toSorted());
  });

test('a build on a layout whose client stalls and leaves is over, and leaves nothing', async () => {
  const before = kept();
  let asked = false;
  const stalls: Lie = async (send, bytes) => {
    send(0, bytes.subarray(0, 10));
    asked = true;
    await new Promise(() => undefined);
  };
  await refusal(stalls, (leave) => void until(() => asked).then(leave));
  await until(() => JSON.stringify(kept().toSorted()) === JSON.stringify(before.toSorted()));
});

test('a layer without end is written no faster than the disk takes it, and goes with its client', async () => {
  const before = kept();
  const zeros = Buffer.alloc(MIB);
  let sent = 0;
  const much: Lie = async (send) => {
    for (; sent < 150; sent++) {
      send(sent * MIB, zeros);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise(() => undefined);
  };
  const refused = refusal(much, (leave) => void until(() => stagedBytes() === 150 * MIB).then(leave), VAST);
  const grown = await grownBy(gantry, refused);
  assert(grown < GROWN_MIB_MAX, `${grown} MiB`);
  await until(() => JSON.stringify(kept().toSorted()) === JSON.stringify(before.toSorted()));
});

/** Of what is half done. */
const stagedBytes = (): number => {
  const path = join(gantry.dataRoot, 'staging');
  return readdirSync(path).reduce(
    (sum, name) => sum + (statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
};
