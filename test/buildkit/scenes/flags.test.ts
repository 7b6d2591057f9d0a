/** The flags of `docker build`, as BuildKit takes them. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { playScenes, type Scene } from '../../cli/scenes.ts';
import { build, buildx, fresh, place, seeImage } from './building.ts';

const given: Scene = {
  title: 'arguments, labels and targets',
  play: fresh(async (stage) => {
    const at = place(stage, 'flags-given', {
      Dockerfile: `ARG base=busybox
FROM \${base} AS one
ARG a
ARG b=default
ARG TARGETPLATFORM
ARG TARGETARCH
ARG BUILDKIT_SBOM_SCAN_STAGE
RUN echo "a=$a b=$b platform=$TARGETPLATFORM arch=$TARGETARCH proxy=$HTTP_PROXY"
LABEL own=1 over=1
FROM one AS two
RUN echo two
`,
    });
    await build(
      stage,
      [
        '-t',
        'given',
        '--target=one',
        '--build-arg=a=1',
        '--build-arg',
        'b',
        '--label=over=2',
        '--label',
        'empty=',
        at,
      ],
      {
        env: { b: 'of the environment' },
      },
    );
    await seeImage(stage, 'given');
    await build(stage, ['--build-arg=base=none.invalid/x', '--build-arg=unknown=1', '--target=none', at]);
    await build(stage, [
      '--build-arg=HTTP_PROXY=http://proxy',
      '--build-arg=SOURCE_DATE_EPOCH=1000000000',
      '-t',
      'epoch',
      at,
    ]);
    await stage.run(['image', 'inspect', '-f', '{{.Created}}', 'epoch']);
  }),
};

const inside: Scene = {
  title: 'what RUN finds: hosts, limits, shared memory, the network',
  differences: [
    {
      why: 'a step has the file of hosts that containers have',
      gantry: [/ {2}<time> (fe00::|ff0[02]::\d?)\t.*\n/g, ''],
      dockerd: [/localhost buildkitsandbox/, 'localhost'],
    },
  ],
  play: fresh(async (stage) => {
    const at = place(stage, 'flags-inside', {
      Dockerfile: `FROM busybox
RUN sort /etc/hosts
RUN ulimit -n; ulimit -Hn; df -m /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2
RUN --network=none ls /sys/class/net
RUN hostname; id -u; pwd; env | sort; cat /proc/1/comm; ls /proc/self/fd | wc -l
RUN mount | grep -c overlay; touch /proc/sys/kernel/x 2>&1; grep Cap /proc/self/status; grep NoNewPrivs /proc/self/status
`,
    });
    await build(stage, [
      '--add-host=one:1.2.3.4',
      '--add-host',
      'six=[::1]',
      '--ulimit=nofile=100:200',
      '--shm-size=32m',
      at,
    ]);
    await build(stage, ['--no-cache', '--add-host', 'bad', at]);
    await build(stage, ['--ulimit', 'nofile', at]);
    await build(stage, ['--shm-size', 'x', at]);
    const own = place(stage, 'flags-network', {
      Dockerfile: 'FROM busybox\nRUN ls /sys/class/net | head -1\nRUN --network=host true\n',
    });
    await buildx(stage, ['buildx', 'build', '--progress=plain', '--network=host', own]);
    await buildx(stage, [
      'buildx',
      'build',
      '--progress=plain',
      '--allow=network.host',
      '--network=host',
      own,
    ]);
    await buildx(stage, ['buildx', 'build', '--progress=plain', '--network=nobody-made-it', own]);
  }),
};

const other: Scene = {
  title: 'platforms, progress, pulling, and flags that BuildKit has not',
  differences: [
    {
      why: 'neither makes attestations; buildx believes that an engine with such a store could',
      gantry: [/ERROR: Attestations are not supported by the current BuildKit daemon/g, 'ERROR: none'],
      dockerd: [/ERROR: Attestation is not supported for the docker driver.\n.*\n.*/g, 'ERROR: none'],
    },
  ],
  play: fresh(async (stage) => {
    const at = place(stage, 'flags-other', { Dockerfile: 'FROM busybox\nRUN echo x\n' });
    await build(stage, ['--platform=linux/amd64', '-t', 'platform', at]);
    await build(stage, ['--platform=nothing', at]);
    await build(stage, ['--memory=10m', '--cpu-quota=1', '--force-rm', '--rm', at]);
    await build(stage, ['--squash', at]);
    await build(stage, ['--isolation=hyperv', at]);
    await build(stage, ['--attest=type=provenance,mode=max', at]);
    await build(stage, ['--sbom=true', at]);
    await build(stage, ['--provenance=false', at]);
    await build(stage, ['--builder=none', at]);
    await build(stage, ['--print=outline', at]);
    await build(stage, []);
    await build(stage, [at, at]);
    await stage.run(['build', '--help']);
  }),
};

const several: Scene = {
  title: 'several platforms, of which this machine has one',
  alone: 'dockerd does that with the store of containerd alone',
  play: fresh(async (stage) => {
    const at = place(stage, 'flags-several', { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
    const out = join(stage.directory(), 'out');
    const { code, stderr } = await build(stage, ['--platform=linux/amd64,linux/arm64', '-o', out, at]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(readdirSync(out).toSorted(), ['linux_amd64', 'linux_arm64']);
  }),
};

playScenes([given, inside, other, several], undefined, { release: 13, plugins: true, onDemand: true });
