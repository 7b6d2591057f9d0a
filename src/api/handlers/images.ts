/** Images: today's input → engine call → today's output. */
import { gather } from '../../base/bytes.ts';
import { isFailure } from '../../base/failures.ts';
import { type Credentials, readAuthBody, readAuthHeader } from '../../formats/credentials.ts';
import { readPlatform, type WantedPlatform } from '../../formats/platform.ts';
import { containerFailure } from '../../model/failures/container.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { referenceFailure } from '../../model/failures/reference.ts';
import { requestFailure } from '../../model/failures/request.ts';
import { flag } from '../contract/query.ts';
import type { Call, Handlers } from './handlers.ts';
import { drawImages } from './image-graph.ts';
import { refuseOther } from './shared-names.ts';

export const images: Handlers<Extract<keyof Handlers, `image${string}`>> = {
  async imageList({ query }, { engine }) {
    const { all, filters, manifests, identity } = query;
    if (identity && !manifests) throw imageFailure.identityAlone();
    return engine.images.list({ all, filters, sharedSize: query['shared-size'], manifests, identity });
  },

  async imageInspect({ params, query }, { engine, sharedNames }) {
    const platform = onePlatform(query.platform);
    if (query.manifests && platform) throw imageFailure.manifestsOfPlatform();
    const inspected = await engine.images.inspect(params.name, { platform, manifests: query.manifests });
    if (sharedNames === 'refused')
      await refuseOther(engine.containers.inspect(params.name, { size: false }), containerFailure.notFound);
    return inspected;
  },

  imageHistory: async ({ params, query }, { engine }) =>
    engine.images.history(params.name, onePlatform(query.platform)),

  async imageAttestations({ params, query }, { engine }) {
    const [platform, ...more] = query.platform.map(readPlatform);
    if (more.length > 0) throw imageFailure.attestationsOfSeveral();
    return engine.images.attestations(params.name, platform);
  },

  async imageTag({ params, query }, { engine, tags, said }) {
    if (query.repo === undefined) throw referenceFailure.invalid();
    const keepHolder = tags === 'stayUnlessForced' && !flag().read(said.force, 'force');
    await engine.images.tag(params.name, { repo: query.repo, tag: query.tag, keepHolder });
  },

  async imageMadeBefore({ body }, { engine }) {
    const { Id: parent = '', User, Tty, OpenStdin, Env, Cmd, Entrypoint, WorkingDir, Volumes } = body;
    const config = { User, Tty, OpenStdin, Env, Cmd, Entrypoint, WorkingDir, Volumes };
    return { Id: await engine.images.madeBefore(parent, config) };
  },

  async imageDelete({ params, query }, { engine, imageUsers }) {
    if (params.name.trim() === '') throw imageFailure.nameBlank();
    const [platform, ...more] = query.platforms.map(readPlatform);
    if (more.length > 0) throw imageFailure.platformsTooMany();
    return engine.images.remove(params.name, {
      force: query.force,
      prune: !query.noprune,
      keepUsed: imageUsers === 'keep',
      platform,
    });
  },

  imagePrune: ({ query }, { engine, signal }) => engine.images.prune(query.filters, signal),

  imageLoad: async ({ query }, { engine, signal, bytes }) =>
    engine.images.load(bytes, { quiet: query.quiet, platforms: query.platform.map(readPlatform), signal }),

  async imageSave({ params, query }, { engine, signal }) {
    const platforms = query.platform.map(readPlatform);
    const archive = await engine.images.save([params.name], { platforms, signal });
    return { archive, contentType: TAR, headers: {} };
  },

  async imageSaveSeveral({ query }, { engine, signal }) {
    const platforms = query.platform.map(readPlatform);
    const archive = await engine.images.save(query.names, { platforms, signal });
    return { archive, contentType: TAR, headers: {} };
  },

  async imagePush({ params, query }, call) {
    const credentials = await forWriting(params.name, call);
    return call.engine.images.push({
      image: params.name,
      tag: query.tag,
      platform: onePlatform(query.platform),
      credentials,
      signal: call.signal,
    });
  },

  async imageInsert({ params, query }, { engine, signal }) {
    const { url = '', path = '' } = query;
    return engine.containers.insert({ image: params.name, url, path, signal });
  },

  async imageGraph(_input, { engine, imageGraph }) {
    if (imageGraph === 'left') throw imageFailure.graphLeft();
    const images = await engine.images.list({ all: true, filters: new Map(), sharedSize: false });
    return { text: drawImages(images), headers: {} };
  },

  async imageSearch({ query }, { engine, signal, registryAuth }) {
    if (query.term === undefined) throw imageFailure.termEmpty();
    const { term, limit, filters } = query;
    return engine.images.search({ term, limit, filters, credentials: readAuthHeader(registryAuth), signal });
  },

  async imageCreate({ query }, call) {
    const { engine, signal, bytes } = call;
    const { fromImage, fromSrc, repo, tag, message, changes, platform } = query;
    // `pull --all-tags` of old clients left the colon without a tag.
    if (fromImage !== undefined)
      return engine.images.pull({
        image: fromImage.replace(/:$/, ''),
        tag,
        platform,
        credentials: await forReading(fromImage, call),
        oneByOne: call.layers === 'serial',
        signal,
      });
    return engine.images.importRootfs(fromSrc === '-' ? bytes : readSource(fromSrc ?? ''), {
      repo,
      tag,
      message: message ?? `Imported from ${withoutPassword(fromSrc ?? '')}`,
      changes,
      platform,
      signal,
    });
  },
};

/** @throws InvalidArgument */
const onePlatform = (json: string | undefined): WantedPlatform | undefined =>
  json === undefined ? undefined : readPlatform(json);

/** Where an archive lies; without a scheme it is http. @throws InvalidArgument */
function readSource(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null) throw imageFailure.sourceInvalid({ source: text });
  return url;
}

/** What is kept with an image is read by others. */
const withoutPassword = (source: string): string => source.replace(/^((?:\w+:)?\/\/)?[^/@]*@/, '$1');

const TAR = 'application/x-tar';
const AUTH_BODY_BYTES_MAX = 64 << 10;

/** A header that is not base64 of JSON has always been read as nobody's by pulls; one that forges is refused. */
async function forReading(
  image: string,
  { registryAuth, logins, engine }: Call,
): Promise<Credentials | undefined> {
  if (registryAuth === undefined && logins === 'kept') return engine.images.keptCredentials(image);
  try {
    return readAuthHeader(registryAuth);
  } catch (error) {
    if (isFailure(error, requestFailure.credentialsUnreadable)) return undefined;
    throw error;
  }
}

/** The first clients left their login with the engine, the next ones sent it in the body. */
async function forWriting(
  image: string,
  { registryAuth, logins, engine, bytes }: Call,
): Promise<Credentials | undefined> {
  if (registryAuth !== undefined) return readAuthHeader(registryAuth);
  if (logins === 'kept') return engine.images.keptCredentials(image);
  const tooLarge = () => requestFailure.bodyTooLarge({ most: AUTH_BODY_BYTES_MAX });
  return readAuthBody(await gather(bytes, AUTH_BODY_BYTES_MAX, tooLarge));
}
