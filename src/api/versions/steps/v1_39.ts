/** API 1.39. */
import { inUseWas } from '../forms/network-words.ts';
import { added } from '../lens.ts';
import { step } from '../step.ts';

export const v1_39 = step('1.39', {
  summary: 'Info carries warnings.',
  requests: { 'POST /build/prune': [added('query.all'), added('query.keep-storage')] },
  responses: {
    'GET /info': [added('body.Warnings'), added('body.ProductLicense')],
    'GET /images/{name}/json': [added('body.Variant')],
    'GET /system/df': [added('body.BuildCache'), added('body.BuilderSize')],
  },
  failures: [inUseWas],
});
