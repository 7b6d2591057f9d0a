/** Options of single mounts: modes of binds, propagation, tmpfs. Pure. */
import type { Mount } from '../../../model/container.ts';
import { settingFailure } from '../../../model/failures/setting.ts';
import type { ContainerMount } from '../record.ts';

const PROPAGATIONS = ['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave'];
/** Whether the word names a propagation, as mount(8) spells it. */
export const isPropagation = (word: string): boolean => PROPAGATIONS.includes(word);

/** Words of one kind exclude each other. */
const MODES: readonly (readonly string[])[] = [
  ['rw', 'ro'],
  ['z', 'Z'],
  ['nocopy'],
  ['consistent', 'cached', 'delegated', 'default'],
  PROPAGATIONS,
];

/** What the third part of a bind says. */
export interface Modes {
  readonly readOnly: boolean;
  readonly copy: boolean;
  readonly propagation: string | undefined;
}

/** The third part of a bind. @throws InvalidArgument naming `spec` */
export function readModes(modes: string, spec: string): Modes {
  const words = modes === '' ? [] : modes.split(',');
  const known = words.every((word) => MODES.some((kind) => kind.includes(word)));
  const single = MODES.every((kind) => words.filter((word) => kind.includes(word)).length <= 1);
  if (!known || !single) throw settingFailure.volumeSpecInvalid({ spec, why: `invalid mode: ${modes}` });
  return {
    readOnly: words.includes('ro'),
    copy: !words.includes('nocopy'),
    propagation: words.find(isPropagation),
  };
}

/** A bind mount as the plan of a bundle has it. */
export function bindMount(
  source: string,
  destination: string,
  how: {
    readonly mode: string;
    readonly readOnly: boolean;
    readonly propagation: string;
    readonly recursive?: boolean;
    /** Read-only, but what is mounted below stays as it is. */
    readonly flat: boolean;
  },
): ContainerMount {
  return {
    point: {
      Type: 'bind',
      Source: source,
      Destination: destination,
      Mode: how.mode,
      RW: !how.readOnly,
      Propagation: how.propagation,
    },
    options: [
      how.recursive === false ? 'bind' : 'rbind',
      how.propagation,
      ...(how.readOnly ? readOnly(how.flat) : []),
    ],
  };
}

/** `ro` stands beside `rro`: a runtime that does not know the one still knows the other. */
export const readOnly = (flat: boolean): string[] => (flat ? ['ro'] : ['ro', 'rro']);

/** Options that tmpfs takes, as mount(8) and tmpfs(5) spell them. */
const TMPFS_OPTION =
  /^(ro|rw|suid|nosuid|dev|nodev|exec|noexec|sync|async|dirsync|remount|atime|noatime|diratime|nodiratime|relatime|norelatime|strictatime|nostrictatime|(size|nr_blocks)=\d+[kmgKMG%]?|nr_inodes=\d+[kmgKMG]?|mode=[0-7]{1,4}|(uid|gid)=\d+|mpol=[a-z0-9:=,-]+)$/;

/** @throws InvalidArgument */
export function tmpfsMount(destination: string, options: readonly string[]): ContainerMount {
  const bad = options.find((option) => !TMPFS_OPTION.test(option));
  if (bad !== undefined) throw settingFailure.tmpfsOptionInvalid({ option: bad });
  const defaults = ['noexec', 'nosuid', 'nodev'].filter(
    (word) => !options.includes(word.slice(2)) && !options.includes(word),
  );
  return {
    point: {
      Type: 'tmpfs',
      Source: '',
      Destination: destination,
      Mode: '',
      RW: !options.includes('ro'),
      Propagation: '',
    },
    options: [...defaults, ...options],
  };
}

/** A tmpfs of `Mounts`. */
export function tmpfsOfMounts(
  destination: string,
  mount: Mount,
  fail: (why: string) => Error,
): ContainerMount {
  const { SizeBytes = 0, Mode = 0, Options = [] } = mount.TmpfsOptions ?? {};
  if (SizeBytes < 0) throw fail('SizeBytes must not be negative');
  for (const option of Options) {
    if (option.length < 1 || option.length > 2) throw fail('invalid option array length');
    if (!['exec', 'noexec'].includes(option[0] ?? '')) throw fail(`invalid option: ${option[0]}`);
  }
  return tmpfsMount(destination, [
    ...(mount.ReadOnly ? ['ro'] : []),
    ...(SizeBytes > 0 ? [`size=${SizeBytes}`] : []),
    ...(Mode > 0 ? [`mode=${Mode.toString(8)}`] : []),
    ...Options.map((option) => option.join('=')),
  ]);
}
