/** What every view of an image shows: its size, the defaults for its containers, what it runs on. */
import type { ImageDocument } from '../../formats/oci.ts';
import type { ContainerConfig } from '../../model/config.ts';
import type { Platform } from '../../model/descriptor.ts';
import type { ImageConfig } from '../../model/image.ts';
import type { ImageVerbs } from './deps.ts';
import type { Image } from './store.ts';

/** Sum of the layers' sizes. */
export function imageBytes({ chain }: Image, { storage }: Pick<ImageVerbs, 'storage'>): number {
  return chain.reduce((sum, chainId) => sum + (storage.layers.get(chainId)?.bytes ?? 0), 0);
}

/** The members of a stored configuration that are an image's: defaults for its containers. */
export function imageConfig(config: ContainerConfig): ImageConfig {
  const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels } = config;
  const { StopSignal, ArgsEscaped, Healthcheck, OnBuild, Shell } = config;
  const all = {
    User,
    ExposedPorts,
    Env,
    Entrypoint,
    Cmd,
    Volumes,
    WorkingDir,
    Labels,
    StopSignal,
    ArgsEscaped,
    Healthcheck,
    OnBuild,
    Shell,
  };
  const said = Object.entries(all).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(said) as ImageConfig;
}

/** What an image runs on, as its configuration says. */
export function platformTold(document: ImageDocument): Platform {
  const { architecture, os, variant } = document;
  const version = document['os.version'];
  const features = document['os.features'];
  return {
    ...(architecture ? { architecture } : {}),
    os: os || 'linux',
    ...(version ? { 'os.version': version } : {}),
    ...(features ? { 'os.features': features } : {}),
    ...(variant ? { variant } : {}),
  };
}
