/**
 * What may break a rule, and why. The list only shrinks: an exception that no longer applies is an error, and the test
 * beside this file holds its length to a recorded number, which is lowered with it.
 */
import type { RuleName } from './finding.ts';

/** One place that may break one rule. */
export interface Exception {
  readonly rule: RuleName;
  readonly path: string;
  /** The finding's name; absent for every finding of the rule in that file. */
  readonly name?: string;
  readonly why: string;
}

const cases =
  'A list of cases that are read one by one: its length says how many there are, not how much it does.';
const handedOn = (to: string) => `Handed on whole as another type, which is read: ${to}.`;
const written = (by: string) => `Written into a document as it stands, and read by ${by}.`;

/** Every exception there is. */
export const exceptions: readonly Exception[] = [
  { rule: 'file-size', path: 'src/api/versions/versions.test.ts', why: cases },
  { rule: 'file-size', path: 'test/api/requests.test.ts', why: cases },
  { rule: 'file-size', path: 'test/options/table.ts', why: cases },
  { rule: 'file-size', path: 'test/raw/bad-input.test.ts', why: cases },
  { rule: 'file-size', path: 'test/registry/registry.test.ts', why: cases },
  { rule: 'file-size', path: 'test/security/distribution.test.ts', why: cases },
  { rule: 'file-size', path: 'test/security/volumes.test.ts', why: cases },
  {
    rule: 'unread-member',
    path: 'src/api/versions/openapi.ts',
    why: written('readers of the OpenAPI document'),
  },
  { rule: 'unread-member', path: 'src/engine/images/inspect.ts', why: written('clients of old versions') },
  {
    rule: 'unread-member',
    path: 'src/runtime/cgroups/meter.ts',
    why: written('clients that ask for statistics'),
  },
  { rule: 'unread-member', path: 'src/runtime/oci/seccomp.ts', why: written('the OCI runtime') },
  { rule: 'unread-member', path: 'src/runtime/oci/spec.ts', why: written('the OCI runtime') },
  { rule: 'unread-member', path: 'src/daemon/container-defaults.ts', why: handedOn('HostDefaults') },
  { rule: 'unread-member', path: 'src/daemon/options.ts', why: handedOn('HostDefaults') },
  { rule: 'unread-member', path: 'src/engine/containers/logs/logs.ts', why: handedOn('LineOptions') },
  {
    rule: 'unread-member',
    path: 'src/engine/containers/settle/host-config.ts',
    why: handedOn('SecurityDefaults'),
  },
  { rule: 'unread-member', path: 'src/engine/processes/user.ts', why: handedOn('Partial<PasswdEntry>') },
  { rule: 'unread-member', path: 'src/engine/images/images.ts', why: handedOn('UsageSources of the system') },
  {
    rule: 'unread-member',
    path: 'src/engine/containers/needs.ts',
    name: 'HealthChecks.fresh',
    why: handedOn("the health monitor's own options"),
  },
  {
    rule: 'unread-member',
    path: 'src/engine/execs/promise.ts',
    name: 'Execs.Id',
    why: written('clients'),
  },
  {
    rule: 'unread-member',
    path: 'src/api/handlers/handlers.ts',
    why: handedOn('what the exchange waits for'),
  },
  {
    rule: 'unread-member',
    path: 'src/api/versions/failure.ts',
    why: handedOn('the lens of a failure, and tests'),
  },
  { rule: 'unread-member', path: 'src/api/versions/step.ts', why: written('readers of the changelog') },
  { rule: 'unread-member', path: 'src/daemon/engine.ts', why: handedOn('ApiOptions') },
  { rule: 'unread-member', path: 'src/runtime/tasks/run-directory.ts', why: handedOn('AdoptedTask') },
  { rule: 'unread-member', path: 'src/engine/containers/logs/settings.ts', why: handedOn('JsonFileTarget') },
  { rule: 'unread-member', path: 'src/engine/containers/logs/syslog.ts', why: handedOn('SyslogTarget') },
];
