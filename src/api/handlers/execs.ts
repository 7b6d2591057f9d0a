/** Further processes in running containers: today's input → engine call → today's output. */
import { execFailure } from '../../model/failures/exec.ts';
import type { Handlers } from './handlers.ts';

export const execs: Handlers<Extract<keyof Handlers, `exec${string}`>> = {
  async execCreate({ params, body }, { engine }) {
    if (!body.Cmd || body.Cmd.length === 0) throw execFailure.noCommand();
    return engine.execs.create(params.name, body);
  },

  execStart({ params, body }, { engine, accepted }) {
    const [rows, columns] = body.ConsoleSize ?? [];
    // A size without a terminal has no meaning.
    const consoleSize =
      body.Tty && rows !== undefined && columns !== undefined ? ([rows, columns] as const) : undefined;
    const detach = body.Detach ?? false;
    return engine.execs.start(params.id, { detach, tty: body.Tty, consoleSize, accepted });
  },

  execResize: ({ params, query }, { engine }) =>
    engine.execs.resize(params.id, { rows: query.h, columns: query.w }),

  execInspect: ({ params }, { engine }) => engine.execs.inspect(params.id),
};
