/** The same context and base at SOURCE_DATE_EPOCH give the same image on two engines, to the byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from '../harness/building.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { directory, file, link, type Member, tarOf } from '../harness/layered.ts';

const DOCKERFILE = `FROM busybox AS made
WORKDIR /made/deep
RUN echo made >here; mkdir new; ln here hard; ln -s here soft; mkfifo pipe; touch -d '2001-01-01 00:00:00' old; chmod 4711 here
FROM busybox
ENV a=b
WORKDIR /w
COPY . /c/
COPY --chown=5:6 d /owned/
ADD t.tar.gz /unpacked/
COPY <<END /heredoc
text
END
COPY --from=made /made /made/
RUN echo x >/c/f; rm -r /c/d; mkdir -p /var/x
`;

const archive = gzipSync(
  tarOf([directory('u'), [{ path: 'u/f', mtimeNanos: 10n ** 18n, uid: 7 }, 'in an archive']]),
);
/** As an engine gets it at some time: with times of its own. */
const membersAt = (mtimeNanos: bigint): Member[] =>
  [directory('d'), file('d/g', 'g'), file('f', 'f'), link('l', 'f'), file('t.tar.gz', archive)].map(
    ([entry, data = '']): Member => [{ ...entry, mtimeNanos }, data],
  );

async function made(gantry: Gantry, seconds: bigint): Promise<unknown> {
  const buildargs = JSON.stringify({ SOURCE_DATE_EPOCH: '1700000000' });
  const query = { buildargs, t: 'made:1', networkmode: 'none' };
  const { error, id, text } = await build(gantry, DOCKERFILE, membersAt(seconds * 10n ** 9n), query);
  assert.equal(error, '', text);
  const shown = await gantry.api().get('/images/made:1/json');
  return { id, layers: shown.json<{ RootFS: { Layers: string[] } }>().RootFS.Layers };
}

test('two engines make the same image of the same context, whatever its times', async (t) => {
  const one = await made(await startGantry(t), 1_800_000_000n);
  assert.deepEqual(await made(await startGantry(t), 1_900_000_000n), one);
});
