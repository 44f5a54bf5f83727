/** Version of this package: what a server and an agent say of themselves. A test compares it with package.json. */
export const VERSION = "0.1.0";

/** The protocol version of proto/icrl/v1. */
export const PROTOCOL_VERSION = 1;
