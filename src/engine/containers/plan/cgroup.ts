/** Where a container's control group lies. Pure. */
import { type CgroupPlace, cgroupPlace } from '../../../runtime/index.ts';
import type { WithFacts } from '../needs.ts';
import type { ContainerRecord } from '../record.ts';

/** Where containers' control groups lie on this host. */
export type CgroupDeps = WithFacts<'cgroupDriver'> & {
  /** The parent of those that ask for no other. */
  readonly cgroupParent: string;
};

/** The control group of a container, by its own parent or the daemon's. */
export const cgroupOf = (
  { facts, cgroupParent }: CgroupDeps,
  { id, hostConfig }: Pick<ContainerRecord, 'id' | 'hostConfig'>,
): CgroupPlace => cgroupPlace(facts.cgroupDriver, hostConfig.CgroupParent || cgroupParent, id);
