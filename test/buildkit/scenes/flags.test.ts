/** The flags of `docker build`, as BuildKit takes them. */
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
    await build(stage, ['--build-arg=BUILDKIT_SYNTAX=', '--build-arg=BUILDKIT_CONTEXT_KEEP_GIT_DIR=1', at]);
  }),
};

const inside: Scene = {
  title: 'what RUN finds: hosts, limits, shared memory, the network',
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

const security: Scene = {
  title: 'what RUN may ask for only if it is allowed',
  play: fresh(async (stage) => {
    const at = place(stage, 'flags-security', {
      Dockerfile: '# syntax=docker/dockerfile:1-labs\nFROM busybox\nRUN --security=insecure true\n',
    });
    void at;
    const other = place(stage, 'flags-sandbox', {
      Dockerfile: 'FROM busybox\nRUN --security=sandbox true\nRUN --device=x true\n',
    });
    await build(stage, [other]);
    await build(stage, ['--allow=security.insecure', other]);
    await build(stage, ['--allow=everything', other]);
  }),
};

const other: Scene = {
  title: 'platforms, progress, pulling, and flags that BuildKit has not',
  play: fresh(async (stage) => {
    const at = place(stage, 'flags-other', { Dockerfile: 'FROM busybox\nRUN echo x\n' });
    await build(stage, ['--platform=linux/amd64', '-t', 'platform', at]);
    await build(stage, ['--platform=linux/amd64,linux/arm64', at]);
    await build(stage, ['--platform=nothing', at]);
    await build(stage, ['--memory=10m', '--cpu-quota=1', '--force-rm', '--rm', at]);
    await build(stage, ['--squash', at]);
    await build(stage, ['--isolation=hyperv', at]);
    await build(stage, ['--cgroup-parent=/x', at]);
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

playScenes([given, inside, security, other], undefined, { release: 13, plugins: true, onDemand: true });
