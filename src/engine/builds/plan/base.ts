/** How a stage stands when it begins: with its base's configuration. Pure. */
import type { ContainerConfig } from '../../../model/config.ts';

/** Where programs are looked for when an image does not say it. */
const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The configuration that a stage begins with, and triggers that the base left for it. */
export function beginStage(base: ContainerConfig): {
  readonly config: ContainerConfig;
  readonly triggers: readonly string[];
} {
  const { OnBuild = [], ...rest } = base;
  const env = base.Env ?? [];
  return {
    config: {
      ...rest,
      Env: env.some((item) => item.startsWith('PATH=')) ? env : [...env, DEFAULT_PATH],
      OpenStdin: false,
      StdinOnce: false,
    },
    triggers: OnBuild,
  };
}
