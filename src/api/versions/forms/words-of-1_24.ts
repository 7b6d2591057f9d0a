/** How errors were worded up to 1.24, where only capitals, quotes and the place of a name differ from today. */
import { type FailureLens, statusWas, wordsWere } from '../failure.ts';

export const wordsOf1_24: readonly FailureLens[] = [
  wordsWere(
    ['GET /images/{name}/json', 'GET /images/{name}/history'],
    /^No such image: /,
    (_match, { name }) => `No such image: ${name}`,
  ),
  wordsWere(
    'POST /containers/{name}/kill',
    /^cannot kill container: .*?: (No such container: .*)$/i,
    ([, unknown], { name }) => `Cannot kill container ${name}: ${unknown}`,
  ),
  wordsWere(
    'any',
    /^the working directory ('.*') is invalid, it needs to be an absolute path$/s,
    ([, directory]) => `The working directory ${directory} is invalid. It needs to be an absolute path.`,
  ),
  wordsWere(
    'any',
    /^invalid port specification: (.*)$/s,
    ([, port]) => `Invalid port specification: ${port}`,
  ),
  wordsWere(
    'any',
    /^invalid --security-opt(?: \d)?: (.*)$/s,
    ([, option]) => `Invalid --security-opt: ${option}`,
  ),
  wordsWere(
    'any',
    /^invalid volume specification: ('.*?')(?:: .*)?$/s,
    ([, spec]) => `Invalid volume specification: ${spec}`,
  ),
  wordsWere('any', /^Duplicate mount point: (.*)$/s, ([, path]) => `Duplicate mount point '${path}'`),
  wordsWere(
    'GET /containers/json',
    /^invalid filter 'status=(.*)'$/is,
    ([, value]) => `Unrecognised filter value for status: ${value}`,
  ),
  wordsWere('any', /^invalid filter ('.*')$/is, ([, filter]) => `Invalid filter ${filter}`),
  // One name for both of Go's readers of integers.
  wordsWere('any', /^strconv\.Atoi: (.*)$/s, ([, why]) => `strconv.ParseInt: ${why}`),
  wordsWere(
    ['POST /containers/{name}/resize', 'POST /exec/{id}/resize'],
    /^invalid resize (?:height|width) (".*"): (.*)$/s,
    ([, said, why]) => `strconv.ParseInt: parsing ${said}: ${why}`,
  ),
  statusWas(['POST /containers/{name}/resize', 'POST /exec/{id}/resize'], 409, 500),
  wordsWere(
    ['POST /containers/create', 'POST /containers/{name}/rename'],
    /^(.*)Conflict\. The container name "\/?([^"]+)" is already in use by container "([0-9a-f]{12})[0-9a-f]*"\./s,
    ([, before, name, id]) =>
      `${before}Conflict. The name "${name}" is already in use by container ${id}. You have to remove (or rename) that container to be able to reuse that name.`,
  ),
];
