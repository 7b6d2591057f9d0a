/** Looks whether what lies below a data root is what was recorded: blobs, layers, writable layers, volumes. Changes nothing. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { messageOf } from '../../base/errors.ts';
import { damage, type Finding, leftover } from '../../base/finding.ts';
import { chainIdOf, LAYERS, type LayerRow } from '../layers/rows.ts';
import { layoutOf, UNFINISHED_KEPT_MS } from '../layout.ts';
import type { ChainId, ReadRows, VolumeRow } from '../storage.ts';
import { plainArchive } from '../unpack/plain.ts';
import { treeBytes } from '../unpack/tree-bytes.ts';
import { DATA, VOLUMES } from '../volumes/rows.ts';
import { ExaminedRows } from './rows.ts';
import { examineSynced } from './synced.ts';

/** What was found below a data root. */
export interface Examined {
  readonly findings: readonly Finding[];
  /** What is recorded, for whoever knows what it means. */
  readonly records: ExaminedRows;
  /** Digests of all blobs that are there. */
  readonly blobs: ReadonlySet<string>;
  /** By chain id. */
  readonly layers: ReadonlyMap<string, LayerRow>;
  /** Names of writable layers that are whole. */
  readonly writable: ReadonlySet<string>;
  readonly volumes: ReadonlyMap<string, VolumeRow>;
  /** Blobs that the next pull of them goes on with. */
  readonly unfinished: number;
}

/** Reads every byte of every blob. `root`: a data root, which must be there. @throws Error when it cannot be read at all */
export async function examineStorage(root: string): Promise<Examined> {
  const layout = layoutOf(root);
  const records = new ExaminedRows(layout.records);
  const layers = records.read(LAYERS);
  const volumes = records.read(VOLUMES);
  const content = await examineBlobs(join(layout.content, 'blobs', 'sha256'));
  const unfinished = examineUnfinished(layout.unfinished);
  const home = examineWritable(layout.writable, layers.rows);
  return {
    findings: [
      ...content.findings,
      ...(await examineLayers(layout.layers, layers, content.blobs, (blob) =>
        join(layout.content, 'blobs', 'sha256', blob.slice('sha256:'.length)),
      )),
      ...home.findings,
      ...unfinished.findings,
      ...examineVolumes(layout.volumes, volumes),
      ...examineSynced(layout.synced),
      ...[layout.staging, layout.trash].flatMap((path) =>
        list(path).map((name) => leftover(join(path, name), 'half-made or half-removed')),
      ),
    ],
    records,
    blobs: content.blobs,
    layers: layers.rows,
    writable: home.whole,
    volumes: volumes.rows,
    unfinished: unfinished.count,
  };
}

const list = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

async function examineBlobs(directory: string): Promise<{ findings: Finding[]; blobs: Set<string> }> {
  const findings: Finding[] = [];
  const blobs = new Set<string>();
  for (const name of list(directory)) {
    const path = join(directory, name);
    if (!/^[0-9a-f]{64}$/.test(name)) findings.push(leftover(path, 'not named as a blob'));
    else {
      const found = await hashOf(createReadStream(path)).catch(messageOf);
      if (found !== name) findings.push(damage(`blob sha256:${name}`, `its bytes are ${found}`));
      blobs.add(`sha256:${name}`);
    }
  }
  return { findings, blobs };
}

/** Their bytes are hashed by whoever goes on with them: here only what nobody would take up is found. */
function examineUnfinished(directory: string): { findings: Finding[]; count: number } {
  const findings: Finding[] = [];
  let count = 0;
  for (const name of list(directory)) {
    const path = join(directory, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue; // gone meanwhile
    if (!/^[0-9a-f]{64}$/.test(name) || !stat.isFile()) findings.push(leftover(path, 'not named as a blob'));
    else if (Date.now() - stat.mtimeMs >= UNFINISHED_KEPT_MS)
      findings.push(leftover(path, 'a blob that was begun long ago and that nobody went on with'));
    else count++;
  }
  return { findings, count };
}

/** In hexadecimal digits. */
async function hashOf(bytes: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

async function examineLayers(
  directory: string,
  { rows: layers, setAside, rowsWereLost }: ReadRows<LayerRow>,
  blobs: ReadonlySet<string>,
  pathOf: (blob: string) => string,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [chainId, row] of layers)
    for (const what of await layerComplaints(join(directory, row.name), chainId, row, layers, blobs, pathOf))
      findings.push(damage(`layer ${chainId}`, what));
  const named = new Set([...layers.values()].map(({ name }) => name));
  if (setAside.size > 0 || rowsWereLost) return findings; // nobody knows which directories those have
  for (const name of list(directory))
    if (!named.has(name)) findings.push(leftover(join(directory, name), 'a layer that is not on record'));
  return findings;
}

async function layerComplaints(
  path: string,
  chainId: string,
  row: LayerRow,
  layers: ReadonlyMap<string, LayerRow>,
  blobs: ReadonlySet<string>,
  pathOf: (blob: string) => string,
): Promise<string[]> {
  const { parent, diffId, blob, bytes } = row;
  const complaints: string[] = [];
  if (parent !== undefined && !layers.has(parent)) complaints.push(`the layer below, ${parent}, is missing`);
  if (chainIdOf(parent as ChainId | undefined, diffId) !== chainId)
    complaints.push(`it is recorded with diff id ${diffId}, which does not make this chain id`);
  if (!existsSync(path)) complaints.push(`its directory ${path} is missing`);
  else {
    const found = treeBytes(path);
    if (found !== bytes) complaints.push(`its files have ${found} bytes, ${bytes} are on record`);
  }
  if (!blobs.has(blob)) return [...complaints, `its archive ${blob} is missing`];
  const plain = await hashOf(plainArchive(pathOf(blob))).catch(messageOf);
  if (`sha256:${plain}` !== diffId)
    complaints.push(`its archive ${blob} is ${plain}, not its diff id ${diffId}`);
  return complaints;
}

function examineWritable(
  directory: string,
  layers: ReadonlyMap<string, LayerRow>,
): { findings: Finding[]; whole: Set<string> } {
  const findings: Finding[] = [];
  const whole = new Set<string>();
  for (const name of list(directory)) {
    const lower = join(directory, name, 'lower');
    const parent = existsSync(lower) ? readFileSync(lower, 'utf8').trim() : undefined;
    if (parent === undefined) findings.push(leftover(join(directory, name), 'a half-made writable layer'));
    else {
      whole.add(name);
      if (parent !== 'none' && !layers.has(parent))
        findings.push(damage(`writable layer ${name}`, `the layer below, ${parent}, is missing`));
    }
  }
  return { findings, whole };
}

function examineVolumes(
  directory: string,
  { rows: volumes, setAside, rowsWereLost }: ReadRows<VolumeRow>,
): Finding[] {
  const findings: Finding[] = [];
  for (const [name, { pending, leaving }] of volumes)
    if (pending || leaving) findings.push(leftover(`volume ${name}`, pending ? 'half-made' : 'half-removed'));
    else if (!lstatSync(join(directory, name, DATA), { throwIfNoEntry: false })?.isDirectory())
      findings.push(damage(`volume ${name}`, `its directory ${join(directory, name, DATA)} is missing`));
  for (const name of rowsWereLost ? [] : list(directory))
    if (!volumes.has(name) && !setAside.has(name))
      findings.push(leftover(join(directory, name), 'a volume that is not on record'));
  return findings;
}
