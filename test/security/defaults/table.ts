/** The table of defaults as Markdown: what is open in Gantry's plain container, and what is not the same in others. */
import type { Column } from './engines.ts';
import { mountsOf, rows } from './rows.ts';

/** Calls that one of the engines lets through and another does not (x86-64). */
const CALL_NAMES: Readonly<Record<string, string>> = {
  ...{ 56: 'clone', 165: 'mount', 166: 'umount2', 237: 'mbind', 238: 'set_mempolicy', 239: 'get_mempolicy' },
  ...{ 250: 'keyctl', 272: 'unshare', 278: 'vmsplice', 303: 'name_to_handle_at', 308: 'setns' },
  ...{ 310: 'process_vm_readv', 311: 'process_vm_writev', 333: 'io_pgetevents', 428: 'open_tree' },
  ...{ 431: 'fsconfig', 435: 'clone3', 438: 'pidfd_getfd', 442: 'mount_setattr', 449: 'futex_waitv' },
  ...{ 451: 'cachestat', 452: 'fchmodat2', 454: 'futex_wake', 455: 'futex_wait', 456: 'futex_requeue' },
};

/** More are counted. */
const LISTED_MAX = 16;

const listed = (items: readonly string[]): string =>
  items.length > LISTED_MAX
    ? `${items.slice(0, LISTED_MAX).join(', ')}, … (${items.length})`
    : items.join(', ');

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** What one list has beside another. */
export const beyond = (list: readonly string[], other: readonly string[]): readonly string[] =>
  list.filter((each) => !other.includes(each));

function beside(open: readonly string[], ours: readonly string[], name: (item: string) => string): string {
  const [more, less] = [beyond(open, ours), beyond(ours, open)];
  if (more.length + less.length === 0) return 'the same';
  if (ours.length === 0 || less.length === ours.length) return listed(more.map(name)) || 'nothing';
  return [
    ...(more.length > 0 ? [`also ${listed(more.map(name))}`] : []),
    ...(less.length > 0 ? [`not ${listed(less.map(name))}`] : []),
  ].join('; ');
}

/** A row for each kind of thing. */
export function defaultsTable([gantry, ...peers]: readonly Column[]): string {
  const [ours, here] = [gantry?.seen, peers.filter(({ seen }) => typeof seen !== 'string')];
  if (ours === undefined || typeof ours === 'string') return `${ours}`;
  const lines = rows.map((row) => {
    const open = ours.get(row)?.open ?? [];
    const name = row.what.startsWith('system calls')
      ? (number: string) => CALL_NAMES[number] ?? number
      : (item: string) => item.replace(/^CAP_/, '');
    const cells = here.map(({ seen }) =>
      typeof seen === 'string' ? seen : beside(seen.get(row)?.open ?? [], open, name),
    );
    const own = row.counted ? `${open.length || 'none'}` : listed(open.map(name)) || 'none';
    return line([row.what, own, ...cells]);
  });
  const names = ['open to a plain container', 'Gantry', ...here.map(({ name }) => name)];
  return [line(names), line(names.map(() => '---')), ...lines].join('\n');
}

/** A row for each mount point. */
export function mountsTable(columns: readonly Column[]): string {
  const row = rows.find(({ what }) => what === 'what may be done in mounts');
  const mounts = columns.flatMap(({ name, seen }) =>
    typeof seen === 'string' || row === undefined
      ? []
      : [
          {
            name,
            points: new Map(mountsOf(seen.get(row)?.lines ?? []).map((each) => [each.point, each.flags])),
          },
        ],
  );
  const points = new Set(mounts.flatMap((each) => [...each.points.keys()]));
  const names = ['mount', ...mounts.map(({ name }) => name)];
  const lines = [...points].map((point) =>
    line([point, ...mounts.map((each) => each.points.get(point)?.join(' ') ?? '—')]),
  );
  return [line(names), line(names.map(() => '---')), ...lines].join('\n');
}
