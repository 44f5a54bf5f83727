/** 127.0.0.0/8, ::1, the former as IPv6 has it, and localhost with the names below it; as URLs write hosts. */
const LOOPBACK = /^(127(\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\]|(.+\.)?localhost\.?)$/;

/**
 * Whether HOST:PORT leads to this machine and nowhere else.
 *
 * @param address an IPv6 host in brackets, as in [::1]:50551; a gRPC name may have its scheme before it
 */
export function isLoopback(address: string): boolean {
  const host = /^(?:\w+:\/*)??(\[[^\]]*\]|[^:/]+):\d+$/.exec(address)?.[1];
  const url = `http://${host}/`;
  return host !== undefined && URL.canParse(url) && LOOPBACK.test(new URL(url).hostname);
}
