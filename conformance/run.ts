/** Runs the checks: every version, every endpoint, one after the other. */
import type { Api } from '../test/harness/http.ts';
import { archives } from './checks/archives.ts';
import { containers } from './checks/containers/index.ts';
import { gone } from './checks/gone.ts';
import { images } from './checks/images/index.ts';
import { refusals } from './checks/refusals.ts';
import { resources } from './checks/resources.ts';
import { streams } from './checks/streams.ts';
import { system } from './checks/system.ts';
import { contract, NEWEST_MINOR, spans } from './contract.ts';
import { type Check, Probe, Skip, type Surroundings } from './probe.ts';

export const checks: readonly Check[] = [
  ...system,
  ...containers,
  ...streams,
  ...archives,
  ...images,
  ...resources,
  ...refusals,
  ...gone,
];

/** What came of one check at one version. */
export interface Outcome {
  readonly endpoint: string;
  readonly what: string;
  readonly minor: number;
  readonly is: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, or what was found instead. */
  readonly why: string;
}

/** An engine, as the runner speaks to it; `undefined`: without a version in the path. */
export interface Engine {
  readonly api: (version: string | undefined) => Api;
}

const applies = (
  { endpoint, from = 0, until = NEWEST_MINOR, beyond = false }: Check,
  minor: number,
): boolean =>
  from <= minor && minor <= until && (beyond || spans(contract[endpoint]?.span ?? [0, null], minor));

const checksAt = (minor: number, chosen: readonly Check[] = checks): readonly Check[] =>
  chosen.filter((check) => applies(check, minor));

async function outcomeOf(check: Check, probe: Probe): Promise<Outcome> {
  const { endpoint, what } = check;
  const told = { endpoint, what, minor: probe.minor };
  try {
    await check.run(probe);
    return { ...told, is: 'passed', why: '' };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ...told, is: error instanceof Skip ? 'skipped' : 'failed', why };
  } finally {
    await probe.tidy();
  }
}

/** All checks of one version. */
export async function* runVersion(
  engine: Engine,
  minor: number,
  here: Surroundings,
  chosen: readonly Check[] = checks,
): AsyncGenerator<Outcome> {
  const probe = new Probe(minor, engine.api(`1.${minor}`), engine.api(undefined), here);
  for (const check of checksAt(minor, chosen)) yield await outcomeOf(check, probe);
}
