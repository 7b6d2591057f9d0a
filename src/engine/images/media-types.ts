/** Media types of an image's parts, as Docker and OCI name them. */

const CONFIG_TYPES = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];
const LAYER_TYPE =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+(?:gzip|zstd))?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?)$/;

/** Whether that is the type of an image's configuration. */
export const isImageConfig = (type: string | undefined): boolean => CONFIG_TYPES.includes(type ?? '');
/** Whether that is the type of a layer. */
export const isImageLayer = (type: string | undefined): boolean => LAYER_TYPE.test(type ?? '');
