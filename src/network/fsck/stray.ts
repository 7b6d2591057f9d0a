/** Interfaces that the engine made for a network that it does not have any more. Pure. */
import { parentMark } from '../drivers/parent/parent.ts';
import type { Link } from '../netlink/route.ts';

/** What tells such interfaces from others. */
export interface StrayRule {
  /** The engine's own. */
  readonly mark: string;
  /** Of all networks that there are. */
  readonly networkIds: Iterable<string>;
}

/** The short form of an id, which names and marks have. */
const SHORT_ID = '[0-9a-f]{12}';
const BRIDGE = new RegExp(`^br-(${SHORT_ID})$`);
const ID = new RegExp(`^${SHORT_ID}$`);

/** A bridge with somebody on it is none: whoever that is, it works. One that a client named is not known by its name. */
export function strayLinks(links: readonly Link[], { mark, networkIds }: StrayRule): Link[] {
  const known = new Set([...networkIds].map((id) => id.slice(0, 12)));
  const masters = new Set(links.map(({ master }) => master));
  return links.filter((link) => {
    const id = networkOf(link, mark);
    return id !== undefined && !known.has(id) && !masters.has(link.index);
  });
}

/** The short id of the network that it was made for; undefined: for none, or by somebody else. */
function networkOf({ kind, name, alias }: Link, mark: string): string | undefined {
  if (kind === 'bridge') return alias === mark ? BRIDGE.exec(name)?.[1] : undefined;
  const beginning = parentMark(mark, '');
  const id = alias.startsWith(beginning) ? alias.slice(beginning.length) : '';
  return ['dummy', 'vlan'].includes(kind) && ID.test(id) ? id : undefined;
}
