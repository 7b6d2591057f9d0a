/** Where a container's control group lies. Pure. */
import { type CgroupPlace, cgroupPlace } from '../../../runtime/index.ts';
import type { ContainersDeps } from '../deps.ts';
import type { ContainerRecord } from '../record.ts';

export const cgroupOf = (
  { facts, cgroupParent }: Pick<ContainersDeps, 'facts' | 'cgroupParent'>,
  { id, hostConfig }: Pick<ContainerRecord, 'id' | 'hostConfig'>,
): CgroupPlace => cgroupPlace(facts.cgroupDriver, hostConfig.CgroupParent || cgroupParent, id);
