/** Failures of a build's steps, and of what a Dockerfile asks for. */
import { Failed, InvalidArgument, NotFound } from '../../base/errors.ts';
import { contexts, failure, failures } from '../../base/failures.ts';

/** Failures of a build's steps. Most words are those of the first engine's builder, which clients look for. */
export const stepFailure = failures('step', {
  dockerfileMissing: failure(
    Failed,
    ({ name }: { name: string }) => `Cannot locate specified Dockerfile: ${name}`,
    true,
  ),
  dockerfileEmpty: failure(
    InvalidArgument,
    ({ name }: { name: string }) => `the Dockerfile (${name}) cannot be empty`,
  ),
  dockerfileUnreadable: failure(
    InvalidArgument,
    ({ name, why }: { name: string; why: string }) => `the Dockerfile (${name}) cannot be read: ${why}`,
  ),
  pathForbidden: failure(
    Failed,
    ({ path }: { path: string }) => `forbidden path outside the build context: ${path} ()`,
  ),
  directoryTaken: failure(
    InvalidArgument,
    ({ path }: { path: string }) => `Cannot mkdir: ${path} is not a directory`,
  ),
  nothingToRun: failure(
    InvalidArgument,
    ({ program }: { program: string }) =>
      `exec: ${JSON.stringify(program)}: no such file or directory: nothing was copied yet into the empty image`,
  ),
  targetMissing: failure(
    InvalidArgument,
    ({ target }: { target: string }) => `target stage "${target}" could not be found`,
  ),
  stageNameTwice: failure(InvalidArgument, ({ name }: { name: string }) => `${name} stage name already used`),
  baseBlank: failure(
    InvalidArgument,
    ({ base }: { base: string }) => `base name (${base}) should not be blank`,
  ),
  fromInvalid: failure(
    InvalidArgument,
    ({ from, why }: { from: string; why: string }) => `invalid from flag value ${from}: ${why}`,
  ),
  nothingMade: failure(Failed, () => 'No image was generated. Is your Dockerfile empty?'),
  cancelled: failure(Failed, () => 'Build cancelled'),
  fileMissing: failure(
    NotFound,
    ({ command, path, inContext }: { command: string; path: string; inContext: boolean }) =>
      `${command} failed: ${inContext ? 'file not found in build context or excluded by .dockerignore: ' : ''}stat ${path}: file does not exist`,
    true,
  ),
  nothingChosen: failure(
    InvalidArgument,
    ({ command }: { command: string }) => `${command} failed: no source files were specified`,
  ),
  notADirectory: failure(
    InvalidArgument,
    ({ command }: { command: string }) =>
      `When using ${command} with more than one source file, the destination must be a directory and end with a /`,
  ),
  urlInCopy: failure(InvalidArgument, () => "COPY failed: source can't be a URL for COPY"),
  ownerUnknown: failure(
    InvalidArgument,
    ({ what, name }: { what: string; name: string }) =>
      `unable to convert uid/gid chown string to host mapping: can't find ${what} for ${what === 'gid' ? 'group' : 'user'} ${name}: no such ${what === 'gid' ? 'group' : 'user'}: ${name}`,
  ),
  ownerOutOfRange: failure(InvalidArgument, ({ id }: { id: string }) => `${id} is no id of a user or group`),
  checksumOfRepository: failure(
    InvalidArgument,
    () => 'ADD --checksum is for files: a commit in the address says what a repository must be',
  ),
  addressInvalid: failure(
    InvalidArgument,
    ({ address }: { address: string }) => `invalid address of a source: ${JSON.stringify(address)}`,
  ),
  nameMissing: failure(
    InvalidArgument,
    ({ address }: { address: string }) => `cannot determine filename for source ${address}`,
  ),
  modeInvalid: failure(
    InvalidArgument,
    ({ mode }: { mode: string }) =>
      `invalid chmod parameter: ${JSON.stringify(mode)}: it should be octal, between 0 and 07777`,
  ),
  destinationBlank: failure(InvalidArgument, () => 'the destination is blank: it names no path'),
  epochInvalid: failure(
    InvalidArgument,
    ({ said }: { said: string }) => `SOURCE_DATE_EPOCH is in seconds since 1970, not ${JSON.stringify(said)}`,
  ),
  nameWithDigest: failure(
    InvalidArgument,
    ({ name }: { name: string }) =>
      `invalid name for an image that is built: ${name}: a digest cannot be chosen`,
  ),
  securityRefused: failure(
    InvalidArgument,
    () => 'RUN --security=insecure: this engine gives no step of a build more rights than a container has',
  ),
  secretMissing: failure(
    InvalidArgument,
    ({ kind, id }: { kind: string; id: string }) =>
      `the ${kind} ${JSON.stringify(id)} is required, and this build was given none: clients of the classic builder cannot send any`,
  ),
  mountInvalid: failure(InvalidArgument, ({ why }: { why: string }) => `RUN --mount: ${why}`),
  triggerInvalid: failure(
    InvalidArgument,
    ({ trigger }: { trigger: string }) => `ONBUILD trigger of the base: ${trigger}`,
  ),
  triggersTooMany: failure(
    InvalidArgument,
    ({ most }: { most: number }) => `the base has more than ${most} ONBUILD triggers`,
  ),
});

/** What a build was doing when something failed. */
export const stepContext = contexts('step', {
  from: ({ from }: { from: string }) => `invalid from flag value ${from}`,
  copying: ({ command }: { command: string }) => `${command} failed`,
});
