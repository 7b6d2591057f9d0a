/** Messages of the services that a client offers in its session: logins, secrets, its SSH agent. */
import { bytes, string } from '../wire/field.ts';
import { mapOf, message } from '../wire/message.ts';

export const CredentialsRequest = message({ host: string(1) });
export const CredentialsResponse = message({ username: string(1), secret: string(2) });
export const GetSecretRequest = message({ id: string(1), annotations: mapOf(2, string(2)) });
export const GetSecretResponse = message({ data: bytes(1) });
export const CheckAgentRequest = message({ id: string(1) });
