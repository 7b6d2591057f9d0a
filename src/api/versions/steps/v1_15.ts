/** API 1.15. */
import { wordsWere } from '../failure.ts';
import { tagInvalidIn1_14 } from '../forms/image-words.ts';
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_15 = step('1.15', {
  summary: 'Create takes a HostConfig; processes can be added to running containers.',
  adds: [
    'POST /containers/{name}/exec',
    'POST /exec/{id}/start',
    'POST /exec/{id}/resize',
    'GET /images/get',
  ],
  requests: {
    'POST /containers/create': [added('body.HostConfig')],
    'POST /containers/{name}/start': [added('body.ExtraHosts'), added('body.SecurityOpt')],
  },
  responses: {
    'GET /images/{name}/json': [
      added('body.VirtualSize'),
      added('body.Config.SecurityOpt'),
      added('body.ContainerConfig.SecurityOpt'),
    ],
    'GET /containers/{name}/json': [
      added('body.Config.SecurityOpt'),
      added('body.AppArmorProfile'),
      added('body.NetworkSettings.MacAddress'),
      added('body.HostConfig.ExtraHosts'),
      added('body.HostConfig.SecurityOpt'),
    ],
  },
  failures: [
    tagInvalidIn1_14,
    wordsWere(
      'POST /containers/{name}/start',
      'request.typeUnsupported',
      () => 'Content-Type of application/json is required',
    ),
    wordsWere('DELETE /containers/{name}', 'container.linkNotFound', ({ name }) => `No such link: ${name}`),
    wordsWere(
      'POST /containers/{name}/copy',
      ['request.typeUnsupported', 'request.typeMalformed'],
      ({ type }) => `Content-Type not supported: ${type}`,
    ),
  ],
  before: {
    memoryBytesMin: 512 << 10,
    // The daemons set no type; Go's server took what it found for this one.
    copyType: 'application/octet-stream',
    untyped: ['execStart', 'execCreate', 'containerCreate', 'containerCommit'],
  },
});
