/** What a RUN wants mounted, and where. Pure but for what finds its sources. */
import { posix } from 'node:path';
import { textOf } from '../../../../formats/byte-text.ts';
import { type Mount, mountOf } from '../../../../formats/dockerfile/mount.ts';
import { vertexFailure } from '../../../../model/failures/vertex.ts';
import type { PlannedMount, Source } from './nodes.ts';
import type { RunStep } from './run-step.ts';

/** `sourceOf`: where files of a mount come from. @throws InvalidArgument */
export async function mountsOf(
  step: RunStep,
  sourceOf: (mount: Mount) => Promise<Source>,
): Promise<PlannedMount[]> {
  const planned: PlannedMount[] = [];
  for (const text of step.instruction.mounts) {
    const mount = mountOf(text, (word) => step.expander.bytes(word));
    const hasFiles = mount.type === 'bind' || (mount.type === 'cache' && mount.from !== undefined);
    const source = hasFiles ? await sourceOf(mount) : undefined;
    planned.push({ mount, target: targetOf(mount, step), source });
  }
  return planned;
}

/** The name by which a secret or an agent is asked for. */
export function idOf({ type, id, source, target }: Mount): string {
  if (type === 'ssh') return textOf(id ?? '') || 'default';
  return textOf(source ?? id ?? posix.basename(target ?? ''));
}

/** What a kept directory is called: steps that say the same name share it. */
export const nameOfCache = ({ mount, target }: Pick<PlannedMount, 'mount' | 'target'>): string =>
  mount.id === undefined ? target : textOf(mount.id);

function targetOf(mount: Mount, { directory }: RunStep): string {
  const said = textOf(mount.target ?? '') || byDefault(mount);
  if (said === '') throw vertexFailure.mountTargetInvalid({ target: said });
  const path = posix.resolve('/', directory, said);
  if (path === '/') throw vertexFailure.mountTargetInvalid({ target: path });
  return path;
}

function byDefault(mount: Mount): string {
  if (mount.type === 'secret') return `/run/secrets/${posix.basename(idOf(mount))}`;
  return mount.type === 'ssh' ? '/run/buildkit/ssh_agent' : '';
}
