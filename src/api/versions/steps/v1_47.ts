/** API 1.47. */
import { step } from '../step.ts';

export const v1_47 = step('1.47', {
  summary: 'Image lists can show the manifests of multi-platform images.',
});
