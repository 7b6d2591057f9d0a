/** Images: today's input → engine call → today's output. */
import { InvalidArgument, NotImplemented } from '../../base/errors.ts';
import type { Handlers } from './handlers.ts';

export const images: Handlers<Extract<keyof Handlers, `image${string}`>> = {
  imageList: ({ query }, { engine }) =>
    engine.images.list({ all: query.all, filters: query.filters, sharedSize: query['shared-size'] }),

  imageInspect: ({ params }, { engine }) => engine.images.inspect(params.name),

  imageHistory: ({ params }, { engine }) => engine.images.history(params.name),

  async imageTag({ params, query }, { engine }) {
    if (query.repo === undefined) throw new InvalidArgument('invalid reference format');
    await engine.images.tag(params.name, { repo: query.repo, tag: query.tag });
  },

  async imageDelete({ params, query }, { engine }) {
    if (params.name.trim() === '') throw new InvalidArgument('image name cannot be blank');
    return engine.images.remove(params.name, { force: query.force, prune: !query.noprune });
  },

  imageLoad: async ({ query }, { engine, signal, bytes }) =>
    engine.images.load(bytes, { quiet: query.quiet, signal }),

  async imageCreate({ query }, { engine, signal, bytes }) {
    const { fromImage, fromSrc, repo, tag, message, changes, platform } = query;
    // `pull --all-tags` of old clients left the colon without a tag.
    if (fromImage !== undefined)
      return engine.images.pull({ image: fromImage.replace(/:$/, ''), tag, platform, signal });
    if (fromSrc !== '-')
      throw new NotImplemented(
        `importing from ${fromSrc ?? 'nothing'}: only "-", the request's body, is supported`,
      );
    return engine.images.importRootfs(bytes, {
      repo,
      tag,
      message: message ?? `Imported from ${fromSrc}`,
      changes,
      platform,
      signal,
    });
  },
};
