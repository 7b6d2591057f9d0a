/** The configuration of an image that was made from another: by a commit, or by a step of a build. */
import { VERSION } from '../../base/release.ts';
import { hostArchitecture, type ImageDocument } from '../../formats/oci.ts';
import type { ContainerConfig } from '../../model/config.ts';
import type { Digest } from '../../storage/index.ts';
import { imageConfig } from './parts.ts';

/** What is new in an image. */
export interface Made {
  /** The new layer's, on top of those before; undefined: nothing was changed. */
  readonly diffId: Digest | undefined;
  readonly config: ContainerConfig;
  /** The container that it was made of; its id is empty where there was none. */
  readonly container: { readonly id: string; readonly config: ContainerConfig };
  readonly author: string;
  readonly comment: string;
  /** RFC 3339. */
  readonly created: string;
}

/** Its members in the order of their names, as the first engine writes them. */
export function childDocument(parent: ImageDocument, made: Made): ImageDocument {
  const { diffId, config, container, author, comment, created } = made;
  const step = {
    created,
    ...(author === '' ? {} : { author }),
    created_by: (container.config.Cmd ?? []).join(' '),
    ...(comment === '' ? {} : { comment }),
    ...(diffId === undefined ? { empty_layer: true } : {}),
  };
  const { diff_ids } = parent.rootfs;
  return {
    architecture: parent.architecture || hostArchitecture(),
    ...(author === '' ? {} : { author }),
    config: imageConfig(config),
    ...(container.id === '' ? {} : { container: container.id }),
    container_config: container.config,
    created,
    docker_version: VERSION,
    history: [...(parent.history ?? []), step],
    os: parent.os || 'linux',
    rootfs: { type: 'layers', diff_ids: diffId === undefined ? diff_ids : [...diff_ids, diffId] },
    ...(parent.variant ? { variant: parent.variant } : {}),
  };
}
