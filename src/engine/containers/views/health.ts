/** The health of a container as lists and inspect show it. Pure. */
import type { Health } from '../../../model/container.ts';
import type { ContainerRecord } from '../record.ts';

/** `none` without a health check. */
export const healthOf = ({ health }: Pick<ContainerRecord, 'health'>): string => health?.Status ?? 'none';

/** What follows the time it is up. */
export function healthText(health: Health | undefined): string {
  if (health === undefined) return '';
  return ` (${health.Status === 'starting' ? 'health: starting' : health.Status})`;
}
