/** `os/architecture/variant`, as images and clients name what they run on. */
import { InvalidArgument, messageOf } from '../base/errors.ts';
import { decodeBody } from '../base/schema.ts';
import { Platform } from '../model/descriptor.ts';
import { hostArchitecture } from './oci.ts';

/** A platform taken apart; `variant` is empty where none was named. */
export interface WantedPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  i386: '386',
  armhf: 'arm',
  armel: 'arm',
};
const PART = /^[a-z0-9][a-z0-9._-]{0,31}$/;

/** What this machine runs. */
export const hostPlatform = (): WantedPlatform => normal('linux', hostArchitecture(), '');

/** Its parts, three at most, in small letters. @throws InvalidArgument for more */
export function platformParts(text: string): string[] {
  const parts = text.toLowerCase().split('/');
  if (parts.length <= 3) return parts;
  throw new InvalidArgument(
    `${JSON.stringify(text.slice(0, 100))}: cannot parse platform specifier: invalid argument`,
  );
}

/** @throws InvalidArgument */
export function parsePlatform(text: string): WantedPlatform {
  const parts = platformParts(text);
  if (!parts.every((part) => PART.test(part)))
    throw new InvalidArgument(
      `invalid platform ${JSON.stringify(text.slice(0, 100))}: not OS/ARCHITECTURE[/VARIANT]`,
    );
  const [first = '', second, third = ''] = parts;
  if (second === undefined)
    return first === 'linux'
      ? hostPlatform()
      : normal('linux', first === 'local' ? hostArchitecture() : first, '');
  return normal(first, second, third);
}

/**
 * As clients send it where they mean several: OCI's platform as JSON.
 * @throws InvalidArgument
 */
export function readPlatform(json: string): WantedPlatform {
  let said: Platform;
  try {
    said = decodeBody(Platform, JSON.parse(json));
  } catch (error) {
    throw new InvalidArgument(`failed to parse platform: ${messageOf(error)}`, { cause: error });
  }
  const { os = '', architecture = '', variant = '' } = said;
  if (os === '' && architecture === '' && (variant !== '' || said['os.version']))
    throw new InvalidArgument('optional platform fields provided, but OS and Architecture are missing');
  if (os === '' || architecture === '')
    throw new InvalidArgument('both OS and Architecture must be provided');
  return normal(os, architecture, variant);
}

function normal(os: string, said: string, variant: string): WantedPlatform {
  const architecture = ARCHITECTURES[said] ?? said;
  const implied = said === 'armel' ? 'v6' : said === 'armhf' || architecture === 'arm' ? 'v7' : '';
  // arm64 has one variant that matters, and it goes without saying.
  const told =
    architecture === 'arm64' && (variant === 'v8' || variant === '8') ? '' : variant.replace(/^(\d)/, 'v$1');
  return { os, architecture, variant: told || implied };
}

/** Larger is better; undefined: it does not run there. An older variant of arm runs on a newer one. */
export function fitness(has: Platform | undefined, wanted: WantedPlatform): number | undefined {
  if (has === undefined) return undefined;
  const { os, architecture, variant } = normal(has.os || 'linux', has.architecture ?? '', has.variant ?? '');
  if (os !== wanted.os || architecture !== wanted.architecture) return undefined;
  if (variant === wanted.variant) return 100;
  if (architecture !== 'arm') return variant === '' ? 50 : undefined;
  const level = (text: string): number => Number(text.slice(1)) || 0;
  return level(variant) <= level(wanted.variant) ? level(variant) : undefined;
}

/**
 * Whether an image for `has` may be used where `wanted` is asked for, as dockerd decides it for an image that is here:
 * 32-bit programs run on their 64-bit processor, and an image that names no variant suits each of them.
 */
export function suits(has: Platform, wanted: WantedPlatform): boolean {
  if (fitness(has, wanted) !== undefined) return true;
  const { os, architecture } = normal(has.os || 'linux', has.architecture ?? '', '');
  if (os !== wanted.os) return false;
  if (architecture === wanted.architecture) return !has.variant;
  return architecture === NARROWER[wanted.architecture];
}

/** The architecture whose programs a processor runs as well. */
const NARROWER: Readonly<Record<string, string>> = { amd64: '386', arm64: 'arm' };

/** The platform in one word, as messages show it. */
export const platformText = ({ os, architecture, variant }: WantedPlatform): string =>
  [os, architecture, variant].filter(Boolean).join('/');
