/** Failures of names, digests and platforms of images. */
import { InvalidArgument } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of names, digests and platforms of images. */
export const referenceFailure = failures('reference', {
  invalid: failure(InvalidArgument, () => 'invalid reference format'),
  platformUnknown: failure(
    InvalidArgument,
    ({ text }: { text: string }) => `${JSON.stringify(text)}: unknown operating system or architecture`,
  ),
  reserved: failure(InvalidArgument, () => "'scratch' is a reserved name"),
  nameIsId: failure(
    InvalidArgument,
    ({ name }: { name: string }) =>
      `invalid repository name (${name}), cannot specify 64-byte hexadecimal strings`,
  ),
  tagInvalid: failure(InvalidArgument, (_fields: { tag: string }) => 'invalid tag format'),
  nameEmpty: failure(InvalidArgument, () => 'repository name must have at least one component'),
});
