/** What may be wrong with a Dockerfile that can be built all the same: BuildKit's rules, by the names clients know. */

/** A rule. */
export interface Rule {
  readonly name: string;
  readonly description: string;
  readonly url: string | undefined;
  /** Only held where the Dockerfile asks for it. */
  readonly experimental?: true;
}

const PAGES = 'https://docs.docker.com/go/dockerfile/rule/';

/** The page of a rule is called as the rule is, in small letters: `stage-name-casing`. */
const rule = (name: string, description: string, page?: string): Rule => ({
  name,
  description,
  url: `${PAGES}${page ?? name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}/`,
});

/** The rules. */
export const rules = {
  stageNameCasing: rule('StageNameCasing', 'Names of stages are written in small letters'),
  fromAsCasing: rule('FromAsCasing', "FROM and AS are written in the same case: 'FROM … AS' or 'from … as'"),
  noEmptyContinuation: rule(
    'NoEmptyContinuation',
    'Blank lines among the lines of one instruction will be an error one day',
  ),
  consistentInstructionCasing: rule(
    'ConsistentInstructionCasing',
    'All instructions are written in the same case, in capitals or in small letters',
  ),
  duplicateStageName: rule('DuplicateStageName', 'A name belongs to one stage'),
  reservedStageName: rule('ReservedStageName', 'Some names mean something else and cannot be a stage'),
  jsonArgsRecommended: rule(
    'JSONArgsRecommended',
    'A shell that stands between does not pass signals on: CMD and ENTRYPOINT are better written as JSON',
    'json-args-recommended',
  ),
  maintainerDeprecated: rule(
    'MaintainerDeprecated',
    'A label names the author today, MAINTAINER is of the past',
  ),
  undefinedArgInFrom: rule('UndefinedArgInFrom', 'FROM knows the arguments that are declared before it'),
  workdirRelativePath: rule(
    'WorkdirRelativePath',
    'Where a relative WORKDIR leads depends on the base image, until an absolute one was said',
  ),
  undefinedVar: rule('UndefinedVar', 'A variable is defined before it is used'),
  multipleInstructionsDisallowed: rule(
    'MultipleInstructionsDisallowed',
    'Of some instructions only the last one in a stage counts',
  ),
  legacyKeyValueFormat: rule('LegacyKeyValueFormat', 'Name and value belong together with an equals sign'),
  invalidBaseImagePlatform: {
    name: 'InvalidBaseImagePlatform',
    description: 'The base image is for another platform than the one that is built for',
    url: undefined,
  } as Rule,
  redundantTargetPlatform: rule(
    'RedundantTargetPlatform',
    'FROM takes the platform that is built for without being told',
  ),
  secretsUsedInArgOrEnv: rule(
    'SecretsUsedInArgOrEnv',
    'What ARG and ENV say can be read by whoever has the image: secrets go elsewhere',
  ),
  invalidDefaultArgInFrom: rule(
    'InvalidDefaultArgInFrom',
    'Without build arguments the name of the base image is none',
  ),
  fromPlatformFlagConstDisallowed: rule(
    'FromPlatformFlagConstDisallowed',
    'A platform that is fixed in FROM makes the stage useless on others',
  ),
  copyIgnoredFile: rule('CopyIgnoredFile', 'What .dockerignore leaves out cannot be copied'),
  invalidDefinitionDescription: {
    ...rule(
      'InvalidDefinitionDescription',
      'A comment right before a stage or an argument begins with its name: `# name what it is`; an empty comment between says that it is about something else',
    ),
    experimental: true,
  } as Rule,
  exposeProtoCasing: rule('ExposeProtoCasing', 'Protocols are written in small letters'),
  exposeInvalidFormat: rule(
    'ExposeInvalidFormat',
    'EXPOSE names ports of the container alone; addresses and ports of the host will be an error one day',
  ),
} as const;

/** Where and how one is broken. */
export interface Warning {
  readonly rule: Rule;
  readonly detail: string;
  /** Lines of the Dockerfile, from 1. */
  readonly line: number;
  readonly endLine: number;
}
