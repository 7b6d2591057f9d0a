/** What two runs of the same thing may differ in, made equal: ids, times, ages, widths of columns. */

/** Ids become `<1>`, `<2>` in the order in which they are first seen; short ids the same as their long ones. */
function nameIds(text: string): string {
  const names = new Map<string, string>();
  const nameOf = (id: string): string => {
    const short = id.slice(0, 12);
    if (!names.has(short)) names.set(short, `<${names.size + 1}>`);
    return names.get(short) ?? '';
  };
  return text
    .replace(/\b[0-9a-f]{64}\b/g, (id) => nameOf(id))
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b/g, (id) => nameOf(id));
}

const AGE =
  /\b(Less than a second|About (a|an) (minute|hour)|\d+ (seconds?|minutes?|hours?|days?|weeks?|months?|years?))\b/g;
const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?(Z|[+-]\d\d:?\d\d)( UTC)?)?/g;

/** Where an engine of a test keeps all that it has. */
const ROOT = /[^\s"'=:]*\/(gantry|dockerd)-test-\w{6}(?!\w)/g;

/** The text with everything replaced that differs from run to run. */
export function plain(text: string): string {
  return nameIds(
    text
      .replace(ROOT, '<root>')
      .replace(/0001-01-01T00:00:00Z/g, '<never>')
      .replace(TIME, '<time>')
      .replace(AGE, '<age>')
      // A command line says so when its own two requests end in the other order.
      .replace(
        /^! time="<time>" level=error msg="error (waiting for container:.*|removing container:.*|getting events from daemon:) context canceled"\n/gm,
        '',
      )
      // And when it was not yet done packing what is refused.
      .replace(
        /^! time="<time>" level=error msg="Can't (add file .*|close tar writer): io: read\/write on closed pipe"\n/gm,
        '',
      )
      .replace(/\r\n/g, '\n')
      // Columns of a table are as wide as their widest cell.
      .replace(/ {3,}/g, '   '),
  );
}

/** JSON as `inspect` prints it, its members in order: engines send them as they like. `told` stands for their values. */
export function arranged(json: string, told: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(arrange(JSON.parse(json), told), undefined, 1);
}

function arrange(value: unknown, told: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(value)) return value.map((each) => arrange(each, told));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [
    name,
    name in told ? told[name] : arrange(member, told),
  ]);
  return Object.fromEntries(members.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

/** What each engine has of its own: where its files are, how its networks and layers are called, its runtime. */
export const OWN = {
  ...{
    Pid: '<pid>',
    ResolvConfPath: '<path>',
    HostnamePath: '<path>',
    HostsPath: '<path>',
    LogPath: '<path>',
  },
  ...{
    Data: '<of the driver>',
    SandboxID: '<id>',
    SandboxKey: '<path>',
    NetworkID: '<id>',
    EndpointID: '<id>',
  },
  Runtime: '<runtime>',
  // Newer engines hide more of the kernel.
  MaskedPaths: '<masked>',
};
