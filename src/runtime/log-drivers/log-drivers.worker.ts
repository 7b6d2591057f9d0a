/** The log driver thread: carries logs to where their drivers want them, off the thread that serves requests. */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../base/errors.ts';
import type { FromShipper, ToShipper } from './protocol.ts';
import { Shipper } from './shipper.ts';
import { openSink } from './sinks.ts';

const port = parentPort!;
const shippers = new Map<number, Shipper>();
const post = (message: FromShipper): void => port.postMessage(message);

port.on('message', (message: ToShipper) => {
  switch (message.is) {
    case 'ship':
      open(message);
      return;
    case 'grown':
      shippers.get(message.ship)?.grown();
      return;
    case 'finish':
      shippers.get(message.ship)?.finish();
      return;
    case 'leave':
      shippers.get(message.ship)?.leave();
      return;
    default:
      message satisfies never;
  }
});

function open({ ship, plan }: Extract<ToShipper, { is: 'ship' }>): void {
  try {
    const shipper = new Shipper(plan, (news) => post({ ...news, ship }), openSink);
    shippers.set(ship, shipper);
    void shipper.run().then(() => closed(ship));
  } catch (error) {
    post({ is: 'trouble', ship, message: messageOf(error) });
    closed(ship);
  }
}

function closed(ship: number): void {
  shippers.delete(ship);
  post({ is: 'closed', ship });
}
