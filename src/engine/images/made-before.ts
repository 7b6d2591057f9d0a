/** What clients asked that built images by themselves, before the engine did: was this step done before? */
import type { ContainerConfig } from '../../model/config.ts';
import { imageFailure } from '../../model/failures/image.ts';
import type { ImageVerbs } from './deps.ts';

/** What made two steps the same to the first engines. */
const COMPARED = [
  ...(['User', 'OpenStdin', 'Tty', 'Cmd', 'Entrypoint', 'WorkingDir'] as const),
  ...(['Volumes', 'ExposedPorts'] as const),
] as const satisfies readonly (keyof ContainerConfig)[];

/** What of a container's configuration makes a step. */
export type StepConfig = {
  readonly [K in (typeof COMPARED)[number] | 'Env']?: ContainerConfig[K] | undefined;
};

/**
 * The id of an image that a container of this configuration, made of the image `parent`, was committed to.
 * @throws NotFound when there is none
 */
export function madeBefore(parent: string, config: StepConfig, { store }: ImageVerbs): string {
  const from = store.find(parent);
  const wanted = comparable(config, from.document.config ?? {});
  const found = store
    .children(from.id)
    .find(({ document }) => comparable(document.container_config ?? {}, {}) === wanted);
  if (!found) throw imageFailure.notMadeBefore();
  return found.id;
}

/** Whether somebody said something: clients of Go write what they leave out as well. */
const hasContent = (value: unknown): boolean =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);

/** What was not said comes from the image, as it does when a container is made. */
function comparable(said: StepConfig, inherited: ContainerConfig): string {
  const members = COMPARED.map((name) => {
    const value = hasContent(said[name]) ? said[name] : inherited[name];
    return hasContent(value) ? value : null;
  });
  const nameOf = (variable: string): string => variable.replace(/=.*$/s, '');
  const own = new Set((said.Env ?? []).map(nameOf));
  const env = [
    ...(inherited.Env ?? []).filter((variable) => !own.has(nameOf(variable))),
    ...(said.Env ?? []),
  ];
  return JSON.stringify([members, env.sort()]);
}
