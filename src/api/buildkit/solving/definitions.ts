/** Results of other builds, as graphs that clients carry from one build to the next: ours name the result and nothing else. */
import { createHash } from 'node:crypto';
import { solveFailure } from '../../../model/failures/solve.ts';
import { type Definition, Op, SourceOp } from '../messages/common.ts';

const SCHEME = 'gantry-result://';

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** The graph that stands for a result. */
export function definitionOf(token: string): Definition {
  const source = Op.encode({ source: SourceOp.create({ identifier: `${SCHEME}${token}` }) });
  const digest = digestOf(source);
  const last = Op.encode({ inputs: [{ digest, index: 0 }] });
  return {
    def: [source, last],
    metadata: new Map([digest, digestOf(last)].map((each) => [each, { ignoreCache: false }])),
  };
}

/** The result that a graph stands for. @throws InvalidArgument for one that others have made */
export function tokenIn({ def }: Definition): string {
  const sources = def.map((each) => Op.decode(each)).filter(({ inputs }) => inputs.length === 0);
  const [only] = sources;
  const identifier = only?.source?.identifier ?? '';
  // More than one operation on a result would have to be done.
  if (sources.length !== 1 || def.length > 2 || !identifier.startsWith(SCHEME))
    throw solveFailure.definitionForeign();
  return identifier.slice(SCHEME.length);
}
