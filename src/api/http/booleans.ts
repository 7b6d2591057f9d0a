/** Booleans in the query, as each version read them; what is left is what today's reader understands. */
import { requestFailure } from '../../model/failures/request.ts';
import type { Parameters } from '../contract/query.ts';
import type { Traits } from '../versions/index.ts';

const PARSED = /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False|)$/;
const STRICT = /^(?:1|0|true|false|)$/i;

/** @throws InvalidArgument `Bad parameter` where the version had no meaning for the word */
export function settleBooleans(
  query: Record<string, unknown>,
  parameters: Parameters,
  kind: Traits['booleans'],
): void {
  if (kind === 'lenient') return;
  const allowed = kind === 'parsed' ? PARSED : STRICT;
  for (const [name, { kind: type }] of Object.entries(parameters)) {
    const said = query[name];
    if (type !== 'flag' || typeof said !== 'string') continue;
    if (!allowed.test(said)) throw requestFailure.badParameter();
    query[name] = /^[1tT]/.test(said) ? '1' : '0';
  }
}
