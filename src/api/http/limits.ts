/** Limits of the front door, each with its reason. */

/** No JSON body of the API comes near; more would be parsed on the thread that answers everybody. */
export const JSON_BODY_BYTES_MAX = 4 * 1024 * 1024;

/** A form carries a handful of parameters. */
export const FORM_BODY_BYTES_MAX = 1024 * 1024;

/** Filters and credentials for many registries travel in heads; Go's server takes 1 MiB. */
export const HEAD_BYTES_MAX = 1024 * 1024;

/** Each is an object for the parser. Clients send a dozen. */
export const HEADERS_MAX = 1000;

/**
 * A first head must come, and one that is begun must end: either holds a connection, and its memory. Longer than any slow link
 * needs. Between two requests pools of clients keep connections as long as they like.
 */
export const HEAD_TIMEOUT_MS = 60_000;

/** A TCP client that vanished without a word is noticed by the kernel's probes, which begin after this. */
export const KEEP_ALIVE_MS = 60_000;

/** A handshake that is begun must end: nobody knows yet who it is, and it holds a connection. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** A body that is read whole must come within this; archives, which are streamed, may take as long as they like. */
export const BODY_TIMEOUT_MS = 120_000;

/** What incomplete heads and bodies hold together: sixteen of the largest bodies, and as many again of what is usual. */
export const INCOMPLETE_BYTES_MAX = 128 * 1024 * 1024;

/** A value that is told whole is read at once, or by nobody. Streams may be paused for as long as their reader likes. */
export const ANSWER_TIMEOUT_MS = 120_000;

/** After the output has ended the client closes; one that does not is not waited for longer. */
export const LINGER_MS = 10_000;

/** A message of a WebSocket is held whole before it is handed on; people type, and paste, less. */
export const MESSAGE_BYTES_MAX = 1024 * 1024;

/** Bytes that a client may pipeline behind an unanswered request before it asks to take the connection over. */
export const PIPELINED_BYTES_MAX = 1024 * 1024;

/** What is read of a body that was refused, so that its client comes to read the answer. Dropped bytes cost memory too. */
export const DISCARDED_BYTES_MAX = 16 * 1024 * 1024;

/** Characters of a failure that a client is told, and that stand in our log: words of its own may be in it, however long. */
export const FAILURE_CHARS_MAX = 8192;
