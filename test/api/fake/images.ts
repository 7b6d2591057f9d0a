/** The fake engine's images: a verb notes that it was called, and refuses what the names ask it to. */
import { Readable } from 'node:stream';
import { Unauthorized } from '../../../src/base/errors.ts';
import type { Engine } from '../../../src/engine/index.ts';
import type { Digest } from '../../../src/formats/digest.ts';
import { imageFailure } from '../../../src/model/failures/image.ts';
import { IMAGE_ID, imageInspected, imageListed } from './documents.ts';
import type { Stage } from './stage.ts';
import { pulling, swallow } from './streams.ts';

type Images = Engine['images'];

/** All verbs on images. */
export const fakeImages = (stage: Stage): Images => ({ ...local(stage), ...atRegistries(stage) });

const local = (
  stage: Stage,
): Pick<
  Images,
  | 'list'
  | 'inspect'
  | 'configOf'
  | 'history'
  | 'attestations'
  | 'madeBefore'
  | 'remove'
  | 'prune'
  | 'load'
  | 'tag'
  | 'save'
  | 'importRootfs'
> => {
  const { note, signals } = stage;
  return {
    async list(options) {
      note('images', options);
      return [imageListed, { ...imageListed, Id: 'sha256:0', RepoTags: [], RepoDigests: [] }];
    },
    configOf: async () => ({ digest: IMAGE_ID as Digest, bytes: Buffer.from('{}') }),
    async inspect(name) {
      // The container of the fake is no image.
      if (name === 'missing' || name === 'web') throw imageFailure.notFound({ name });
      note('imageInspect', name);
      return imageInspected;
    },
    history: async () => [
      { Comment: '', Created: 1, CreatedBy: 'sh', Id: IMAGE_ID, Size: 1, Tags: ['busybox:latest'] },
    ],
    attestations: async () => [],
    async tag(name, to) {
      note('tag', name, to);
    },
    async madeBefore(parent, config) {
      note('madeBefore', parent, config);
      if (parent === 'missing') throw imageFailure.notMadeBefore();
      return IMAGE_ID;
    },
    async remove(name, options) {
      note('imageRemove', name, options);
      return [{ Untagged: 'busybox:latest' }, { Deleted: IMAGE_ID }];
    },
    async prune(filters) {
      note('imagesPrune', filters);
      return { SpaceReclaimed: 0 };
    },
    load: (archive, { signal }) => swallow(archive, signal, signals),
    async save(names, { platforms, signal }) {
      signals.push(signal);
      if (names.includes('missing')) throw imageFailure.notFound({ name: 'missing:latest' });
      note('save', names, platforms);
      return Readable.from([Buffer.from('an archive')]);
    },
    importRootfs: (from, options) => {
      note('import', { ...options, signal: undefined }, ...(from instanceof URL ? [from.href] : []));
      return from instanceof URL ? pulling(from.href) : swallow(from, options.signal, signals);
    },
  };
};

const atRegistries = (
  stage: Stage,
): Pick<
  Images,
  'pull' | 'push' | 'search' | 'login' | 'keptLogin' | 'keepLogin' | 'keptCredentials' | 'distribution'
> => {
  const { note, signals } = stage;
  return {
    pull(options) {
      signals.push(options.signal);
      note('pull', options.image, options.tag, options.oneByOne);
      return pulling(options.image);
    },
    push(options) {
      signals.push(options.signal);
      note('push', options.image, options.tag, options.credentials);
      return pulling(options.image);
    },
    async search({ term, limit, credentials }) {
      note('search', term, limit, credentials);
      return [{ name: term, description: 'found', star_count: 3, is_official: true, is_automated: false }];
    },
    async login({ server, credentials }) {
      note('login', server, credentials);
      if (server === 'wrong') throw new Unauthorized('unauthorized: incorrect username or password');
    },
    async keptLogin() {
      return stage.kept;
    },
    async keepLogin(login) {
      stage.kept = login;
    },
    async keptCredentials() {
      const { kept } = stage;
      return kept && { is: 'password', username: kept.username, password: kept.password };
    },
    async distribution({ image }) {
      note('distribution', image);
      return { Descriptor: { mediaType: 'm', digest: IMAGE_ID, size: 3 }, Platforms: [{ os: 'linux' }] };
    },
  };
};
