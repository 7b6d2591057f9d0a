/** A failure as a message, with what is known of it besides its words. */
import { Status, type Status as StatusMessage } from '../messages/common.ts';
import type { Detail, GrpcError } from './status.ts';

/** As a message has it. */
const statusOf = ({ code, message, details }: GrpcError): StatusMessage => ({
  code,
  message,
  details: details.map(({ type, json }) => ({ typeUrl: type, value: Buffer.from(JSON.stringify(json)) })),
});

/** The bytes of that message. */
export const statusBytes = (error: GrpcError): Buffer => Status.encode(statusOf(error));

/** Details that can be read; others are left out. */
export const detailsOf = ({ details }: StatusMessage): Detail[] =>
  details.flatMap(({ typeUrl, value }) => {
    try {
      return [{ type: typeUrl, json: JSON.parse(value.toString()) as unknown }];
    } catch {
      return [];
    }
  });
