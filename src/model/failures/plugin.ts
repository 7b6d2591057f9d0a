/** Failures of calls about plugins, of which this engine has none. */
import { NotFound, NotImplemented } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of calls about plugins. */
export const pluginFailure = failures('plugin', {
  notFound: failure(
    NotFound,
    ({ name }: { name: string }) => `plugin ${JSON.stringify(name)} not found`,
    true,
  ),
  unsupported: failure(NotImplemented, () => 'managed plugins are not supported by this engine'),
});
