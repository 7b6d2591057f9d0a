/** The login that clients of the first versions leave with the engine; later ones bring theirs along with each call. */
import { object, string } from '../../base/schema.ts';
import type { RecordKind } from '../../base/stored.ts';
import type { Credentials } from '../../formats/credentials.ts';
import { parseReference } from '../../formats/reference.ts';
import type { KeptLogin } from '../../model/registry.ts';
import { registryOf } from '../../registry/index.ts';
import { type Records, rowPut } from '../../storage/index.ts';

/** One row, which the next login replaces. */
const LOGINS: RecordKind<KeptLogin> = {
  table: 'login',
  schema: object('login', { server: string(), username: string(), password: string(), email: string() }),
  migrations: [],
};
const KEY = 'kept';

/** Undefined: nobody has logged in. */
export async function readKeptLogin(records: Records): Promise<KeptLogin | undefined> {
  return (await records.read(LOGINS)).rows.get(KEY);
}

/** Takes the place of the one before; it is on the disk, for root's eyes only, when this resolves. */
export const keepLogin = (login: KeptLogin, records: Records): Promise<void> =>
  records.write([rowPut(LOGINS, KEY, login)]);

/** The kept credentials, if they are for the registry of this image: no other one ever sees them. @throws InvalidArgument */
export async function keptCredentials(image: string, records: Records): Promise<Credentials | undefined> {
  const login = await readKeptLogin(records);
  if (!login || registryOf(login.server) !== parseReference(image).domain) return undefined;
  return { is: 'password', username: login.username, password: login.password };
}
