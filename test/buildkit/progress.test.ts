/** What buildx shows while it builds, on Gantry and on dockerd 26: the messages behind `--progress=rawjson`, and plain lines. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertSame } from '../cli/scenes.ts';
import { type Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import { fileScope } from '../harness/file-scope.ts';
import { startGantry } from '../harness/gantry.ts';
import { type Registry, startRegistry } from '../harness/registry.ts';
import { contextDirectory, withoutBuildKit } from './made-by-buildx.ts';
import { plainBlocks } from './plain-progress.ts';
import { type ProgressCase, progressCases } from './progress-cases.ts';
import { rawProgress } from './raw-json.ts';
import { shapeOf } from './shape.ts';

const scope = fileScope();
const [gantry, dockerd] = await Promise.all([startGantry(scope), startDockerd(scope, { release: 13 })]);
const skip = typeof dockerd === 'string' ? dockerd : await withoutBuildKit(gantry);
let registry: Registry;
before(async () => {
  if (skip !== false) return;
  registry = await startRegistry(scope);
  for (const words of [
    `tag busybox ${registry.host}/base:1`,
    `push ${registry.host}/base:1`,
    `rmi ${registry.host}/base:1`,
  ]) {
    const { code, stderr } = await (dockerd as Dockerd).docker(words.split(' '));
    assert.equal(code, 0, stderr);
  }
});

for (const each of progressCases)
  for (const mode of ['rawjson', 'plain'] as const)
    test(`${each.name}: ${mode}`, { skip }, async () => {
      const [ours, theirs] = await Promise.all(
        [gantry, dockerd as Dockerd].map((engine) => shown(engine, each, mode)),
      );
      assertSame(ours ?? '', theirs ?? '', each.differences?.[mode] ?? []);
    });

/** What is shown, with what differs from run to run made equal. */
async function shown(engine: Engine, each: ProgressCase, mode: 'rawjson' | 'plain'): Promise<string> {
  const at = (text: string): string => text.replaceAll('REGISTRY', registry.host);
  using context = contextDirectory({ ...each, dockerfile: at(each.dockerfile) });
  const flags = (each.argv ?? []).map((word) => word.replaceAll('CONTEXT', context.path));
  const build = (...more: string[]) =>
    engine.docker(
      ['buildx', 'build', `--progress=${mode}`, '--network=none', ...flags, ...more, context.path],
      {
        plugins: true,
      },
    );
  if (each.again) assert.equal((await build()).code, 0);
  const { code, stdout, stderr } = await build(...(each.again ? [] : ['--no-cache']));
  const text = `${stdout}${stderr}`
    .replaceAll(registry.host, 'REGISTRY')
    .replaceAll(context.path, '<context>');
  return `${mode === 'plain' ? plainBlocks(text) : shapeOf(rawProgress(text))}\n[${code}]`;
}
