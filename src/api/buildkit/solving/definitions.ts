/**
 * Graphs of one source: results of other builds, which clients carry from one build to the next (ours name the result and
 * nothing else), places that clients look into before they build, and directories of repositories.
 */
import { createHash } from 'node:crypto';
import type { BuildInput } from '../../../engine/index.ts';
import { isDigest } from '../../../formats/digest.ts';
import { solveFailure } from '../../../model/failures/solve.ts';
import { type Definition, type FileOp, Op, SourceOp } from '../messages/common.ts';
import type { Infer } from '../wire/message.ts';

const SCHEME = 'gantry-result';

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** The graph that stands for a result. */
export function definitionOf(token: string): Definition {
  const source = Op.encode({ source: SourceOp.create({ identifier: `${SCHEME}://${token}` }) });
  const digest = digestOf(source);
  const last = Op.encode({ inputs: [{ digest, index: 0 }] });
  return {
    def: [source, last],
    metadata: new Map(
      [digest, digestOf(last)].map((each) => [each, { ignoreCache: false, description: new Map() }]),
    ),
  };
}

/**
 * What a graph stands for that is one source, or one thing copied out of a repository to where nothing is.
 * @throws InvalidArgument for one of which more would have to be done
 */
export function inputIn({ def, metadata }: Definition): BuildInput {
  const [first, ...others] = def.map((each) => ({ digest: digestOf(each), ...Op.decode(each) }));
  const copies = others.slice(0, others[0]?.file ? 1 : 0);
  const names = others.slice(copies.length);
  const isLine = others.every((each, i) => standsOn(each, others[i - 1] ?? first));
  const isKnown = names.length <= 1 && names.every(({ source, file }) => !source && !file);
  if (!first?.source || first.inputs.length > 0 || !isLine || !isKnown)
    throw solveFailure.definitionForeign();
  const [copy] = copies;
  if (copy?.file === undefined) return sourceIn(first.source);
  const name = metadata.get(copy.digest)?.description.get('llb.customname');
  return partIn(first.source, copy.file, name);
}

interface Operation extends Infer<typeof Op> {
  readonly digest: string;
}

const standsOn = ({ inputs }: Operation, on: Operation | undefined): boolean =>
  inputs.length === 1 && inputs[0]?.digest === on?.digest && inputs[0]?.index === 0;

/** As bake copies a directory of the repository that tells of its targets. */
function partIn(source: Source, { actions }: Infer<typeof FileOp>, name: string | undefined): BuildInput {
  const of = sourceIn(source);
  const [{ input, secondary, copy } = { copy: undefined }] = actions;
  if (
    of.is !== 'remote' ||
    !source.identifier.startsWith('git://') ||
    actions.length !== 1 ||
    copy === undefined
  )
    throw solveFailure.definitionForeign();
  const { src, dest, contents, owner, mode, modeText, timestamp, include, exclude } = copy;
  const isOntoNothing = input === NOTHING && secondary === 0 && dest === '/';
  const isAsItIs = owner.length === 0 && mode === -1 && modeText === '' && timestamp === -1;
  const isWhole = include.length === 0 && exclude.length === 0;
  const isByName = !copy.followsLink && !copy.unpack && !copy.wildcard;
  if (!isOntoNothing || !isAsItIs || !isWhole || !isByName) throw solveFailure.definitionForeign();
  return { is: 'part', of, path: src, contents, name: name ?? `copy ${src} ${dest}` };
}

/** The input of an operation that has none. */
const NOTHING = -1;

type Source = Infer<typeof SourceOp>;

function sourceIn({ identifier, attrs }: Source): BuildInput {
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
