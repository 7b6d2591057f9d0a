/**
 * Devices that the host's administrator described in files of the Container Device Interface. What stands in them is
 * done with the daemon's rights, hooks included: a file that others than root may write is not read.
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { codeOf, InvalidArgument, messageOf } from '../../base/errors.ts';
import { settingFailure } from '../../model/failures/setting.ts';
import { type DeviceSpec, type Edits, readDeviceSpec } from './cdi-spec.ts';

/** Far more than drivers write: NVIDIA's for eight devices has 100 KiB. */
const FILE_BYTES_MAX = 4 << 20;
const FILES_MAX = 256;

interface Found {
  readonly specs: readonly { readonly directory: string; readonly spec: DeviceSpec }[];
  /** Why files or directories were not read. */
  readonly problems: readonly string[];
}

/** What the devices of these names need, in order; of directories the last that knows one decides. @throws InvalidArgument for those that are not there */
export async function editsOf(directories: readonly string[], names: readonly string[]): Promise<Edits[]> {
  if (names.length === 0) return [];
  const { specs, problems } = await readAll(directories);
  const used = new Set<DeviceSpec>();
  const edits: Edits[] = [];
  const missing: string[] = [];
  const unclear: string[] = [];
  for (const name of names) {
    const having = specs.filter(({ spec }) => spec.devices.has(name));
    const last = having.at(-1);
    const own = last?.spec.devices.get(name);
    if (last === undefined || own === undefined) {
      missing.push(name);
      continue;
    }
    if (having.filter(({ directory }) => directory === last.directory).length > 1)
      unclear.push(`${name} is described twice in ${last.directory}`);
    if (!used.has(last.spec)) edits.push(last.spec.edits);
    used.add(last.spec);
    edits.push(own);
  }
  if (missing.length > 0 || unclear.length > 0)
    throw settingFailure.cdiUnresolvable({ names: missing, problems: [...unclear, ...problems] });
  return edits;
}

/** Names of all devices that are described, each once. Never throws: a file that cannot be read describes none. */
export async function describedDevices(directories: readonly string[]): Promise<string[]> {
  const { specs } = await readAll(directories);
  return [...new Set(specs.flatMap(({ spec }) => [...spec.devices.keys()]))].sort();
}

async function readAll(directories: readonly string[]): Promise<Found> {
  const specs: { directory: string; spec: DeviceSpec }[] = [];
  const problems: string[] = [];
  for (const directory of directories)
    for (const file of filesIn(directory, problems)) {
      try {
        specs.push({ directory, spec: readDeviceSpec(await parse(file, readOwn(file))) });
      } catch (error) {
        problems.push(`${file}: ${messageOf(error)}`);
      }
    }
  return { specs, problems };
}

function filesIn(directory: string, problems: string[]): string[] {
  try {
    checkOwner(statSync(directory));
    const names = readdirSync(directory).filter((name) => /^[^.].*\.(json|ya?ml)$/.test(name));
    if (names.length > FILES_MAX) problems.push(`${directory} has more than ${FILES_MAX} files`);
    return names
      .sort()
      .slice(0, FILES_MAX)
      .map((name) => `${directory}/${name}`);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') problems.push(`${directory}: ${messageOf(error)}`);
    return [];
  }
}

function readOwn(file: string): string {
  const fd = openSync(file, 'r');
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new InvalidArgument('not a file');
    checkOwner(stat);
    if (stat.size > FILE_BYTES_MAX) throw new InvalidArgument(`larger than ${FILE_BYTES_MAX} bytes`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

function checkOwner({ uid, mode }: Stats): void {
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0)
    throw new InvalidArgument('others than the daemon’s own user may write it: it is not read');
}

/** Most engines never meet YAML: the package is loaded for the first file of it. */
async function parse(file: string, text: string): Promise<unknown> {
  if (file.endsWith('.json')) return JSON.parse(text);
  const { default: yaml } = await import('yaml');
  return yaml.parse(text);
}
