import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpansionBudget } from '../../../../formats/dockerfile/expansion.ts';
import { parseDockerfile } from '../../../../formats/dockerfile/parse.ts';
import { hostPlatform, parsePlatform } from '../../../../formats/platform.ts';
import type { ContainerConfig } from '../../../../model/config.ts';
import { emptyImage, type StepImage } from '../../../images/steps.ts';
import { placeOf } from '../place.ts';
import { followedPaths } from './context-paths.ts';
import { inputsOf, type Node } from './nodes.ts';
import { type PlatformInput, type PlatformPlan, planPlatform } from './platform.ts';
import { outlineOf } from './stages.ts';

/** An image of one layer. */
const imageOf = (config: ContainerConfig): StepImage => {
  const empty = emptyImage(hostPlatform());
  return {
    id: 'sha256:base',
    chainId: 'sha256:chain' as StepImage['chainId'],
    document: {
      ...empty.document,
      config,
      history: [{ created: '2024-01-01T00:00:00Z', created_by: 'base' }],
      rootfs: { type: 'layers', diff_ids: ['sha256:layer'] },
    },
  };
};

async function planOf(
  dockerfile: string,
  more: Partial<PlatformInput> & {
    readonly base?: ContainerConfig;
    readonly args?: Readonly<Record<string, string>>;
  } = {},
): Promise<PlatformPlan> {
  const parsed = parseDockerfile(dockerfile, 'Dockerfile');
  const file = { filename: 'Dockerfile', bytes: Buffer.from(dockerfile), language: 'Dockerfile' };
  const { base = { Env: ['PATH=/bin'] }, args = {}, ...input } = more;
  return await planPlatform({
    file,
    outline: outlineOf(parsed, undefined, String, (error) => error),
    around: {
      buildArgs: new Map(Object.entries(args)),
      globals: new Map([['TARGETARCH', 'amd64']]),
      escapedBy: '\\',
      budget: new ExpansionBudget(),
      epoch: undefined,
    },
    target: hostPlatform(),
    isAsked: false,
    tellsPlatform: false,
    labels: {},
    isAgain: () => false,
    resolve: async (name, _platform, isStage) =>
      isStage
        ? undefined
        : {
            is: 'image',
            image: imageOf(base),
            reference: `docker.io/${name}`,
            description: '',
            resolved: undefined,
            name: undefined,
          },
    ...input,
  });
}

const history = ({ document }: PlatformPlan): string[] =>
  (document.history ?? [])
    .slice(1)
    .map(({ created_by = '', empty_layer }) => `${empty_layer ? '' : '* '}${created_by}`);

/** All that the target is made of, the first thing first. */
function names({ node }: PlatformPlan): string[] {
  const found: string[] = [];
  const visit = (each: Node): void => {
    for (const input of inputsOf(each, undefined)) visit(input);
    if (!found.includes(each.name)) found.push(each.name);
  };
  if (node) visit(node);
  return found;
}

for (const [line, ...told] of [
  ['ENV a=1 b="x y"', 'ENV a=1 b=x y'],
  ['LABEL a="1 2"', 'LABEL a=1 2'],
  ['CMD ["a", "b c"]', 'CMD ["a" "b c"]'],
  ['CMD a "b"', 'CMD ["/bin/sh" "-c" "a \\"b\\""]'],
  ['ENTRYPOINT ["a"]', 'ENTRYPOINT ["a"]'],
  ['EXPOSE 90/udp 80', 'EXPOSE map[80/tcp:{} 90/udp:{}]'],
  ['VOLUME /a /b', 'VOLUME [/a /b]'],
  ['USER u', 'USER u'],
  ['SHELL ["x", "-y"]', 'SHELL [x -y]'],
  ['STOPSIGNAL TERM', 'STOPSIGNAL TERM'],
  ['MAINTAINER me', 'MAINTAINER me'],
  ['ONBUILD RUN x'],
  ['HEALTHCHECK --timeout=3s CMD x', 'HEALTHCHECK &{["CMD-SHELL" "x"] "0s" "3s" "0s" "0s" \'\\x00\'}'],
  ['WORKDIR w', '* WORKDIR /w'],
  ['WORKDIR /', 'WORKDIR /'],
  ['COPY --chown=1:2 --chmod=700 a b /d/', '* COPY --chown=1:2 --chmod=700 a b /d/ # buildkit'],
  ['ADD <<E /f\nx\nE', '* ADD <<E /f # buildkit'],
  ['RUN a  b', '* RUN /bin/sh -c a  b # buildkit'],
  ['RUN ["a", "b"]', '* RUN a b # buildkit'],
  [
    'ARG x=1\nARG y\nENV x=2\nRUN z',
    'ARG x=1',
    'ARG y',
    'ENV x=2',
    '* RUN |2 x=2 y= /bin/sh -c z # buildkit',
  ],
] as const)
  test(`history of ${JSON.stringify(line)}`, async () => {
    assert.deepEqual(history(await planOf(`FROM b\n${line}\n`)), told);
  });

test('an argument goes on in a stage on the one that declared it, though history forgets it', async () => {
  const plan = await planOf('FROM b AS a\nARG x=1\nFROM a\nRUN echo $x\nLABEL l=$x\n', { args: { x: '2' } });
  assert.deepEqual(history(plan).slice(1), ['* RUN /bin/sh -c echo $x # buildkit', 'LABEL l=2']);
  assert.deepEqual(plan.document.config?.Labels, { l: '2' });
});

test('steps are counted as the file has them; triggers of a base come on top', async () => {
  assert.deepEqual(names(await planOf('FROM b\nENV x=1\nCOPY $x y\nWORKDIR /\nRUN a $x "$u"\n')), [
    '[1/4] FROM docker.io/b',
    '[2/4] COPY 1 y',
    '[3/4] RUN a 1 "$u"',
  ]);
  assert.deepEqual(names(await planOf('FROM b\nRUN c\n', { base: { OnBuild: ['RUN a', 'ENV z=1'] } })), [
    '[1/2] FROM docker.io/b',
    '[2/2] RUN a',
    '[3/2] RUN c',
  ]);
});

test('what is taken from elsewhere makes a stage have a name; those that nobody needs are not worked on', async () => {
  assert.deepEqual(names(await planOf('FROM b\nCOPY --from=c /x /y\n')), [
    '[stage-0 1/2] FROM docker.io/b',
    'FROM docker.io/c',
    '[stage-0 2/2] COPY --from=c /x /y',
  ]);
  const stages = 'FROM b AS x\nRUN 1\nFROM b AS unused\nRUN 2\nFROM scratch\nCOPY --from=x / /\n';
  assert.deepEqual(names(await planOf(stages)), [
    '[x 1/2] FROM docker.io/b',
    '[x 2/2] RUN 1',
    '[stage-2 1/1] COPY --from=x / /',
  ]);
});

test('platforms are told in names where there are several, and what is made for another machine', async () => {
  const target = parsePlatform('linux/arm64');
  const plan = await planOf('FROM b\nARG TARGETARCH\nRUN x\n', {
    ...{ target, isAsked: true, tellsPlatform: true },
    args: { TARGETARCH: 'arm' },
  });
  assert.deepEqual(names(plan), ['[linux/arm64 1/2] FROM docker.io/b', '[linux/arm64->arm 2/2] RUN x']);
  assert.equal(plan.document.architecture, 'arm64');
});

for (const [dockerfile, paths] of [
  ['FROM b\nRUN x\n', undefined],
  ['FROM b\nCOPY a /b/./c d* /x/\nADD http://h/f /f\n', ['a', 'b/c', 'd*']],
  ['FROM b\nADD git://h/r#v1 https://h/r.git /f/\n', undefined],
  ['FROM b\nCOPY . /x\nCOPY a /\n', []],
  ['FROM b\nRUN --mount=target=/m,source=s x\n', ['s']],
  ['FROM b\nRUN --mount=target=/m x\n', []],
  ['FROM b AS x\nCOPY a /\nFROM b\nCOPY c /\n', ['c']],
] as const)
  test(`the client is asked for ${paths?.join(' ') || (paths ? 'everything' : 'nothing')}: ${JSON.stringify(dockerfile)}`, async () => {
    const { contextPaths } = await planOf(dockerfile);
    if (paths === undefined) assert.equal(contextPaths?.size, 0);
    else assert.deepEqual(followedPaths(contextPaths), paths);
  });

test('what a base says is taken over, but for its triggers; an empty image has a path and a place', async () => {
  const { document } = await planOf('FROM b\n', { base: { Env: ['A=1'], OnBuild: ['ENV x=1'], Cmd: ['c'] } });
  const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  assert.deepEqual(document.config, { Env: ['A=1', PATH, 'x=1'], Cmd: ['c'] });
  assert.deepEqual((await planOf('FROM scratch\nLABEL a=1\n')).document.config, {
    ...{ WorkingDir: '/', Env: [PATH], Labels: { a: '1' } },
  });
});

for (const [dockerfile, words, line] of [
  ['FROM b\nCOPY http://h/f /\n', "source can't be a URL for COPY", 2],
  ['FROM b\nCOPY git@h:r /\n', "source can't be a git ref for COPY", 2],
  ['FROM b\nADD --checksum=x git://h/r /\n', "checksum can't be specified for non-HTTP sources", 2],
  ['FROM b\nADD --checksum=x http://h/a b /\n', "checksum can't be specified for multiple sources", 2],
  ['FROM b\n\nEXPOSE 70000\n', 'Invalid containerPort: 70000', 3],
  ['FROM b\nSTOPSIGNAL NOPE\n', 'invalid signal: NOPE', 2],
  ['FROM b AS x\nCOPY --from=y / /\nFROM b AS y\nFROM x\n', 'cannot copy from stage "y"', 2],
] as const)
  test(`a failure has its place: ${words}`, async () => {
    const error: unknown = await planOf(dockerfile).then(
      () => assert.fail('it is planned'),
      (failure: unknown) => failure,
    );
    assert(error instanceof Error && error.message.includes(words), String(error));
    assert.deepEqual(placeOf(error)?.source?.ranges, [{ startLine: line, endLine: line }]);
  });

test('stages in a circle are refused, and numbers that no stage has', async () => {
  await assert.rejects(
    planOf('FROM b AS x\nCOPY --from=x / /\n'),
    /circular dependency detected on stage: x/,
  );
  await assert.rejects(planOf('FROM b\nCOPY --from=7 / /\n'), /invalid stage index 7/);
});
