/** Mounts a writable layer over read-only ones. */
import { codeOf } from '../../base/errors.ts';
import { mount, mountOverlayMany } from '../../linux/index.ts';

/** What one overlay is made of; `lowers` topmost first, at least one. */
export interface OverlayPlan {
  readonly lowers: readonly string[];
  readonly upper: string;
  readonly work: string;
  readonly target: string;
}

/** mount(2) hands one page of options to the kernel, with an ending NUL. */
const OPTIONS_MAX = 4095;

/**
 * Features that would make the upper directory unreadable as a plain set of changes, or tie a lower layer to its first
 * overlay. Switched off by name: a distribution may have made them the default.
 */
const FEATURES_OFF = 'index=off,metacopy=off,redirect_dir=off';

/** The options of mount(2), or undefined when they do not fit in a page. Pure. */
function overlayOptions({ lowers, upper, work }: OverlayPlan): string | undefined {
  const lower = lowers.map(escapeLower).join(':');
  const options = `${FEATURES_OFF},lowerdir=${lower},upperdir=${escapeComma(upper)},workdir=${escapeComma(work)}`;
  return Buffer.byteLength(options) <= OPTIONS_MAX ? options : undefined;
}

// overlayfs splits options at commas and lower directories at colons, and takes a backslash before either away again.
const escapeComma = (path: string): string => path.replace(/[\\,]/g, '\\$&');
const escapeLower = (path: string): string => path.replace(/[\\,:]/g, '\\$&');

/**
 * Mounts it: by mount(2) while the options fit, by one fsconfig call a layer when they do not (Linux 6.8), and on older
 * kernels from inside `root`, where the names are short.
 * @throws SystemError
 */
export function mountOverlay(plan: OverlayPlan, root: string): void {
  const options = overlayOptions(plan);
  if (options !== undefined) mount('overlay', plan.target, 'overlay', 0, options);
  else mountMany(plan, root);
}

function mountMany(plan: OverlayPlan, root: string): void {
  try {
    mountOverlayMany(plan.lowers, plan.upper, plan.work, plan.target);
  } catch (error) {
    if (codeOf(error) !== 'EINVAL' && codeOf(error) !== 'ENOSYS') throw error;
    mountFromInside(plan, root);
  }
}

function mountFromInside(plan: OverlayPlan, root: string): void {
  const inside = (path: string): string => (path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path);
  const { lowers, upper, work, target } = plan;
  const options = overlayOptions({
    lowers: lowers.map(inside),
    upper: inside(upper),
    work: inside(work),
    target,
  });
  if (options === undefined) throw new RangeError(`${lowers.length} layers are more than one mount can name`);
  const before = process.cwd();
  process.chdir(root); // synchronous until the way back: no other code of this process runs meanwhile
  try {
    mount('overlay', target, 'overlay', 0, options);
  } finally {
    process.chdir(before);
  }
}
