/** The health service of gRPC (`grpc.health.v1.Health`): who answers is well. */
import { type Method, many, one, service } from './grpc/methods.ts';
import { int32, string } from './wire/field.ts';
import { message } from './wire/message.ts';

const Request = message({ service: string(1) });
const Answer = message({ status: int32(1) });
const SERVING = 1;

/** Its methods. */
export const healthService = (): [string, Method][] =>
  service('grpc.health.v1.Health', {
    Check: one(Request, Answer, async () => ({ status: SERVING })),
    Watch: many(Request, Answer, async function* (_request, { signal }) {
      yield { status: SERVING };
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    }),
  });
