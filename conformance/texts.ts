/** Texts that more than one check expects, as each version words them. */
import type { Texts } from './probe.ts';

/** A container that is not there. */
export const noContainer = (name: string): Texts => [
  [0, `No such container: ${name}`],
  [18, `no such id: ${name}`],
  [22, `No such container: ${name}`],
];

/** A name that another container has. */
export function takenTexts(name: string, short: string): Texts {
  const since17 = (verb: string) =>
    `Conflict. The name "${name}" is already in use by container ${short}. You have to ${verb} (or rename) that container to be able to reuse that name.`;
  return [
    [
      6,
      `Conflict, The name ${name} is already assigned to ${short}. You have to delete (or rename) that container to be able to assign ${name} to a container again.`,
    ],
    [17, since17('delete')],
    [21, since17('remove')],
  ];
}
