/** What a client says of an output beside its kind: `--output type=image,push=true`. What is not done is told. */
import { outputFailure } from '../../../model/failures/output.ts';
import type { WorkVertex } from '../telling/vertex.ts';

type Attributes = Readonly<Record<string, string>>;

/** `name` alone means yes. Undefined: nothing was said. @throws InvalidArgument */
export function switchOf(attributes: Attributes, name: string): boolean | undefined {
  const value = attributes[name];
  if (value === undefined) return undefined;
  if (/^(?:|1|t|true)$/i.test(value)) return true;
  if (/^(?:0|f|false)$/i.test(value)) return false;
  throw outputFailure.notBoolean({ name, value });
}

/** What is done anyway. */
const USUAL: Attributes = {
  store: 'true',
  load: 'true', // Compose says so
  compression: 'gzip',
  'force-compression': 'false',
  'oci-mediatypes': 'false',
  'rewrite-timestamp': 'false',
  'prefer-nondist-layers': 'false',
  'name-canonical': 'false',
  'registry.insecure': 'false',
};
/** Whatever they say: an image of this engine is unpacked, and has no attestations. */
const NEVER_MATTERS: readonly string[] = ['unpack', 'attestation-inline'];

/** Tells of attributes that nobody reads: `read` are those that the exporter does. */
export async function tellIgnored(
  attributes: Attributes,
  read: readonly string[],
  vertex: WorkVertex,
): Promise<void> {
  for (const [name, value] of Object.entries(attributes)) {
    if (read.includes(name) || NEVER_MATTERS.includes(name) || isUsual(name, value)) continue;
    await vertex.warn(
      `output option ${name} is ignored`,
      `${name}=${value} asks for something that this engine does not do for this kind of output`,
    );
  }
}

const isUsual = (name: string, value: string): boolean =>
  value === USUAL[name] || (value === '' && USUAL[name] === 'true');
