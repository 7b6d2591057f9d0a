/** Failures of the work of builds in BuildKit's manner. Most words are BuildKit's, which clients look for. */
import { Failed, Forbidden, InvalidArgument, NotFound } from '../../base/errors.ts';
import { contexts, failure, failures } from '../../base/failures.ts';

const quoted = JSON.stringify;

/** Failures of the work of a build. */
export const vertexFailure = failures('vertex', {
  noStages: failure(InvalidArgument, () => 'file with no instructions'),
  noDockerfileIn: failure(
    InvalidArgument,
    ({ kind }: { kind: string }) => `a Dockerfile is no part of an input of kind ${quoted(kind)}`,
  ),
  dockerfileMissing: failure(
    NotFound,
    ({ name }: { name: string }) => `failed to read dockerfile: open ${name}: no such file or directory`,
    true,
  ),
  resultMissing: failure(NotFound, ({ token }: { token: string }) => `no result ${quoted(token)} is known`),
  dockerfileEmpty: failure(InvalidArgument, () => 'the Dockerfile cannot be empty'),
  stageIndexInvalid: failure(
    InvalidArgument,
    ({ index }: { index: string }) => `invalid stage index ${index}`,
  ),
  stageIsLater: failure(
    InvalidArgument,
    ({ from, stage }: { from: string; stage: string }) =>
      `cannot copy from stage ${quoted(from)}, it needs to be defined before current stage ${quoted(stage)}`,
  ),
  mountTargetInvalid: failure(
    InvalidArgument,
    ({ target }: { target: string }) => `invalid mount target ${quoted(target)}`,
  ),
  circle: failure(
    InvalidArgument,
    ({ stage }: { stage: string }) => `circular dependency detected on stage: ${stage}`,
  ),
  modeInvalid: failure(
    InvalidArgument,
    ({ mode }: { mode: string }) =>
      `invalid chmod parameter: '${mode}'. it should be octal string and between 0 and 07777`,
  ),
  notFound: failure(NotFound, ({ path }: { path: string }) => `${quoted(path)}: not found`, true),
  commandFailed: failure(
    Failed,
    ({ command, status }: { command: string; status: number }) =>
      `process ${quoted(command)} did not complete successfully: exit code: ${status}`,
  ),
  baseMissing: failure(NotFound, ({ reference }: { reference: string }) => `${reference}: not found`, true),
  baseDenied: failure(
    NotFound,
    () =>
      'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
  ),
  gitFailed: failure(
    InvalidArgument,
    ({ doing, address, said, status }: { doing: string; address: string; said: string; status: string }) =>
      `${doing} ${address}: git error: exit status ${status}\nstderr:\n${said}\n`,
  ),
  noSubdirectory: failure(
    InvalidArgument,
    ({ directory, at, isThere }: { directory: string; at: string; isThere: boolean }) =>
      isThere
        ? `invalid subdir ${directory}: git subpath ${quoted(directory)} contains non-directory ${quoted(at)}`
        : `invalid subdir ${directory}: failed to lstat ${quoted(at)}: statat ${at}: no such file or directory`,
  ),
  repositoryInCopy: failure(InvalidArgument, () => "source can't be a git ref for COPY"),
  checksumOfSeveral: failure(InvalidArgument, () => "checksum can't be specified for multiple sources"),
  checksumNotOfWeb: failure(InvalidArgument, () => "checksum can't be specified for non-HTTP sources"),
  urlInCopy: failure(InvalidArgument, () => "source can't be a URL for COPY"),
  notIntoFile: failure(
    InvalidArgument,
    ({ path }: { path: string }) => `cannot copy to non-directory: ${path}`,
  ),
  secretMissing: failure(NotFound, ({ id }: { id: string }) => `secret ${id}: not found`, true),
  agentMissing: failure(InvalidArgument, ({ id }: { id: string }) => `unset ssh forward key ${id}`),
  noAgents: failure(
    InvalidArgument,
    ({ id }: { id: string }) => `no SSH key ${quoted(id)} forwarded from the client`,
  ),
  headerInvalid: failure(
    InvalidArgument,
    ({ id }: { id: string }) => `secret ${id}: it has a control character in it, which no header can have`,
  ),
  notEntitled: failure(Forbidden, ({ what }: { what: string }) => `${what} is not allowed`),
  notADirectory: failure(InvalidArgument, ({ path }: { path: string }) => `mkdir ${path}: not a directory`),
  cancelled: failure(Failed, () => 'context canceled'),
});

/** What was being done when something failed. */
export const vertexContext = contexts('vertex', {
  readDockerfile: () => 'failed to read dockerfile',
  stageName: ({ name }: { name: string }) => `failed to parse stage name ${quoted(name)}`,
  metadata: ({ reference }: { reference: string }) => `failed to resolve source metadata for ${reference}`,
  loadCacheKey: () => 'failed to load cache key',
  cacheKey: () => 'failed to compute cache key',
  checksum: ({ ref }: { ref: string }) => `failed to calculate checksum of ref ${ref}`,
  image: ({ name }: { name: string }) => name,
  process: ({ command }: { command: string }) => `process ${quoted(command)} did not complete successfully`,
});
