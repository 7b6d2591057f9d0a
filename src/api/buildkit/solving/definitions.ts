/**
 * Graphs of one source: results of other builds, which clients carry from one build to the next (ours name the result and
 * nothing else), and places that clients look into before they build.
 */
import { createHash } from 'node:crypto';
import type { BuildInput } from '../../../engine/index.ts';
import { isDigest } from '../../../formats/digest.ts';
import { solveFailure } from '../../../model/failures/solve.ts';
import { type Definition, Op, SourceOp } from '../messages/common.ts';

const SCHEME = 'gantry-result';

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** The graph that stands for a result. */
export function definitionOf(token: string): Definition {
  const source = Op.encode({ source: SourceOp.create({ identifier: `${SCHEME}://${token}` }) });
  const digest = digestOf(source);
  const last = Op.encode({ inputs: [{ digest, index: 0 }] });
  return {
    def: [source, last],
    metadata: new Map([digest, digestOf(last)].map((each) => [each, { ignoreCache: false }])),
  };
}

/** What a graph of one source stands for. @throws InvalidArgument for one of which more would have to be done */
export function inputIn({ def }: Definition): BuildInput {
  const sources = def.map((each) => Op.decode(each)).filter(({ inputs }) => inputs.length === 0);
  const [only] = sources;
  if (sources.length !== 1 || def.length > 2 || !only?.source) throw solveFailure.definitionForeign();
  const { identifier, attrs } = only.source;
  const [, scheme = '', rest = ''] = /^([\w-]+):\/\/(.*)$/s.exec(identifier) ?? [];
  switch (scheme) {
    case SCHEME:
      return { is: 'solved', token: rest };
    case 'local':
      return { is: 'client', name: rest };
    case 'docker-image':
      return { is: 'image', name: rest };
    case 'oci-layout': {
      const digest = rest.slice(rest.lastIndexOf('@') + 1);
      const store = attrs.get('oci.store');
      if (store === undefined || !isDigest(digest)) throw solveFailure.definitionForeign();
      return { is: 'layout', store, digest };
    }
    case 'http':
    case 'https':
      return { is: 'remote', address: identifier };
    case 'git':
      return {
        ...{ is: 'remote', address: gitAddress(identifier, attrs.get('git.fullurl')) },
        ...(attrs.get('git.keepgitdir') === 'true' ? { keepGitDir: true } : {}),
        opens: {
          header: attrs.get('git.authheadersecret') ?? '',
          token: attrs.get('git.authtokensecret') ?? '',
          agent: attrs.get('git.mountsshsock') || 'default',
          knownHosts: attrs.get('git.knownsshhosts') || undefined,
        },
      };
    default:
      throw solveFailure.definitionForeign();
  }
}

/** With what the identifier says of a commit and a directory. */
function gitAddress(identifier: string, full: string | undefined): string {
  const at = identifier.indexOf('#');
  const fragment = at < 0 ? '' : identifier.slice(at);
  return `${full ?? identifier.slice(0, at < 0 ? undefined : at)}${fragment}`;
}
