/** All of them. */
import type { Fuzzer } from './fuzzer.ts';
import { ARCHIVES } from './fuzzers/archives.ts';
import { BUILDS } from './fuzzers/builds.ts';
import { CONNECTIONS } from './fuzzers/connections.ts';
import { REQUESTS } from './fuzzers/requests.ts';
import { STORED } from './fuzzers/stored.ts';
import { VALUES_OF_OPTIONS } from './fuzzers/values.ts';
import { WIRE } from './fuzzers/wire.ts';

export const FUZZERS: readonly Fuzzer[] = [
  ...ARCHIVES,
  ...BUILDS,
  ...REQUESTS,
  ...VALUES_OF_OPTIONS,
  ...STORED,
  ...WIRE,
  ...CONNECTIONS,
];
