/** `docker buildx bake`: many builds from one file. */
import { join } from 'node:path';
import { playScenes, type Scene, type Stage } from '../../cli/scenes.ts';
import { buildx, fresh, place, seeImage } from './building.ts';

const FILES = {
  'docker-bake.hcl': `variable "TAG" { default = "latest" }
variable "LOUD" { default = "" }
function "tag" {
  params = [name]
  result = ["bake/\${name}:\${TAG}"]
}
group "default" { targets = ["app", "tool"] }
target "_common" {
  args = { colour = "red" }
  labels = { made = "by bake" }
}
target "app" {
  inherits = ["_common"]
  dockerfile = "app.Dockerfile"
  contexts = { tool = "target:tool", more = "more" }
  tags = tag("app")
  args = { loud = notequal("", LOUD) ? upper(LOUD) : "quiet" }
}
target "tool" {
  inherits = ["_common"]
  dockerfile-inline = "FROM busybox\\nARG colour\\nRUN --network=none echo $colour > /colour\\n"
  tags = tag("tool")
}
target "each" {
  name = "each-\${item.name}-\${size}"
  matrix = {
    item = [{ name = "a", value = "1" }, { name = "b", value = "2" }]
    size = ["small", "large"]
  }
  inherits = ["_common"]
  dockerfile-inline = "FROM busybox\\nARG value\\nARG size\\nRUN --network=none echo $value $size\\n"
  args = { value = item.value, size = size }
  tags = ["bake/\${item.name}:\${size}"]
}
`,
  'app.Dockerfile': `FROM tool
ARG colour
ARG loud
COPY --from=more text /text
RUN --network=none echo "$colour $loud $(cat /colour)"
`,
  'more/text': 'text',
  'docker-bake.json': JSON.stringify({
    group: { default: { targets: ['json'] } },
    target: {
      json: {
        'dockerfile-inline': 'FROM busybox\nRUN --network=none echo json\n',
        tags: ['bake/json'],
        network: 'none',
      },
    },
  }),
  'other.hcl':
    'target "tool" { args = { colour = "blue" } }\ntarget "broken" { dockerfile-inline = "FROM busybox\\nRUN --network=none false\\n" }\n',
};

const bake = (stage: Stage, cwd: string, ...argv: string[]) =>
  buildx(stage, ['buildx', 'bake', '--progress=plain', ...argv], { cwd, shared: true });

const whole: Scene = {
  often: true,
  title: 'groups, inheritance, functions, contexts that are other targets, matrices',
  differences: [
    {
      why: 'another target that is a context is told as such; each target looks its base up',
      gantry: [
        /\[app context tool\] result\n {2}\w+\n|(?<=^\[internal\] load metadata for .*\n {2}DONE\n)\[internal\] load metadata for .*\n {2}DONE\n/gm,
        '',
      ],
    },
  ],
  play: fresh(async (stage) => {
    const at = place(stage, 'bake', FILES);
    await bake(stage, at, '-f', 'docker-bake.hcl');
    await seeImage(stage, 'bake/app');
    await bake(stage, at, '-f', 'docker-bake.hcl');
    await bake(stage, at, '-f', 'docker-bake.hcl', 'each');
    await bake(
      stage,
      at,
      '-f',
      'docker-bake.hcl',
      '-f',
      'other.hcl',
      '--set',
      'tool.args.colour=green',
      '--set',
      '*.labels.more=1',
      'tool',
    );
    await bake(stage, at, '-f', 'docker-bake.json', '--no-cache');
    const { stdout } = await stage.quietly(['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', 'bake/*']);
    stage.see(stdout.split('\n').toSorted().join('\n'));
  }),
};

const shown: Scene = {
  title: 'what would be baked, without baking; variables of the environment; what is wrong',
  play: fresh(async (stage) => {
    const at = place(stage, 'bake-shown', FILES);
    const print = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      buildx(stage, ['buildx', 'bake', '--print', ...argv], { cwd: at, env });
    await print(['-f', 'docker-bake.hcl'], { TAG: 'v2', LOUD: 'very' });
    await print(['-f', 'docker-bake.hcl', 'each-a-small']);
    await print(['-f', 'docker-bake.hcl', 'nothing']);
    await print(['-f', 'gone.hcl']);
    await bake(stage, at, '-f', 'docker-bake.hcl', '-f', 'other.hcl', 'broken');
    await bake(stage, at, '-f', '-', '--set', 'x.output=type=local,dest=out');
  }),
};

const outputs: Scene = {
  title: 'baked files, metadata of several targets',
  play: fresh(async (stage) => {
    const at = place(stage, 'bake-outputs', FILES);
    await bake(
      stage,
      at,
      '-f',
      'docker-bake.hcl',
      '--set',
      `tool.output=type=tar,dest=${join(at, 'tool.tar')}`,
      'tool',
    );
    await stage.run(
      [
        'buildx',
        'bake',
        '-f',
        'docker-bake.json',
        '--progress=quiet',
        '--metadata-file',
        join(at, 'metadata'),
      ],
      { cwd: at },
    );
  }),
};

playScenes([whole, shown, outputs], undefined, { release: 13, plugins: true, onDemand: true });
