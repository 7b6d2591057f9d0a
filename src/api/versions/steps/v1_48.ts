/** API 1.48. */
import { type Doc, isDoc } from '../doc-path.ts';
import { mountsOf } from '../forms/containers.ts';
import { networkMember } from '../forms/networks.ts';
import { added, refused, reshaped, rewritten } from '../lens.ts';
import { step } from '../step.ts';

/** An exec that was refused has no process; one that ended by 127 itself had one. */
function neverRanIs126({ body }: Doc): void {
  if (isDoc(body) && body.ExitCode === 127 && body.Running === false && body.Pid === 0) body.ExitCode = 126;
}

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
    'GET /exec/{id}/json': [
      reshaped('a command that is not there has the code 127, no longer 126', {
        down: neverRanIs126,
        shape: 'none',
      }),
    ],
  },
});
