/** API 1.48. */
import { mountsOf } from '../forms/containers.ts';
import { networkMember } from '../forms/networks.ts';
import { added, refused, rewritten } from '../lens.ts';
import { step } from '../step.ts';

export const v1_48 = step('1.48', {
  summary: 'Images can be mounted; an endpoint may have a priority as gateway.',
  requests: {
    'POST /containers/create': [
      added('body.NetworkingConfig.EndpointsConfig.{}.GwPriority'),
      refused('HostConfig.Mounts may be of type image', (doc) =>
        mountsOf(doc).some((mount) => mount.Type === 'image')
          ? 'Mount type "Image" needs API v1.48 or newer'
          : undefined,
      ),
    ],
    'POST /networks/create': [added('body.EnableIPv4')],
    'POST /networks/{id}/connect': [added('body.EndpointConfig.GwPriority')],
    'POST /images/load': [added('query.platform')],
    'GET /images/{name}/get': [added('query.platform')],
    'GET /images/get': [added('query.platform')],
    'GET /images/{name}/json': [added('query.manifests')],
    'GET /images/{name}/history': [added('query.platform')],
    'POST /build/prune': ['reserved-space', 'max-used-space', 'min-free-space'].map((name) =>
      added(`query.${name}`),
    ),
  },
  responses: {
    ...networkMember('EnableIPv4'),
    'POST /containers/create': [
      rewritten('body.Warnings', 'warns of a volume driver without effect', {
        down: (warnings) =>
          Array.isArray(warnings)
            ? warnings.filter((said) => !String(said).startsWith('WARNING: the container-wide volume-driver'))
            : warnings,
      }),
    ],
    'GET /containers/json': [
      added('body[].NetworkSettings.Networks.{}.GwPriority'),
      added('body[].ImageManifestDescriptor'),
    ],
    'GET /system/df': [
      added('body.Containers[].NetworkSettings.Networks.{}.GwPriority'),
      added('body.Containers[].ImageManifestDescriptor'),
      added('body.Images[].Descriptor'),
    ],
    'GET /containers/{name}/json': [
      added('body.NetworkSettings.Networks.{}.GwPriority'),
      added('body.ImageManifestDescriptor'),
    ],
    'GET /images/json': [added('body[].Descriptor')],
    'GET /distribution/{name}/json': ['urls', 'annotations', 'data', 'platform', 'artifactType'].map((name) =>
      added(`body.Descriptor.${name}`),
    ),
    'GET /images/{name}/json': [added('body.Descriptor'), added('body.Manifests')],
  },
});
