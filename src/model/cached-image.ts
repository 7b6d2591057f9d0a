/** What clients of the first versions sent that built images by themselves: the step that they were about to do. */
import { blank, boolean, integer, list, map, object, string, words } from '../base/schema.ts';

/** The image that the step begins with, and the container's configuration as it was then. */
export const CachedImageRequest = object('CachedImageRequest', {
  Id: blank(string()),
  Hostname: blank(string()),
  User: blank(string()),
  Memory: blank(integer()),
  MemorySwap: blank(integer()),
  CpuShares: blank(integer()),
  AttachStdin: blank(boolean()),
  AttachStdout: blank(boolean()),
  AttachStderr: blank(boolean()),
  PortSpecs: blank(list(string())),
  Tty: blank(boolean()),
  OpenStdin: blank(boolean()),
  StdinOnce: blank(boolean()),
  Env: blank(list(string())),
  Cmd: blank(words()),
  Dns: blank(list(string())),
  Image: blank(string()),
  Volumes: blank(map(object('struct {}', {}))),
  VolumesFrom: blank(string()),
  Entrypoint: blank(words()),
  WorkingDir: blank(string()),
  NetworkDisabled: blank(boolean()),
  Privileged: blank(boolean()),
});
