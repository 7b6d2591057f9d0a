/** Events about containers. */
import type { Container } from './container.ts';
import type { WithEvents } from './needs.ts';

/** Emits an event about a container, with its name, image and labels as attributes, and `more`. */
export function emitContainerEvent(
  { events }: WithEvents,
  container: Container,
  action: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const { id, name, config } = container.record;
  events.emit({
    Type: 'container',
    Action: action,
    id,
    attributes: { ...config.Labels, image: config.Image ?? '', name, ...more },
  });
}
