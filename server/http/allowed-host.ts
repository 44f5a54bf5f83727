/**
 * Whether a request may be answered by what its Host header says. A page of somebody else's can make his name lead to this machine (DNS
 * rebinding) and then reads what the browser takes for his own: such requests carry his name. Addresses and `localhost` cannot be made to
 * lead elsewhere, so they are fine, and so is the name that the server listens on.
 *
 * @param header as it came, with or without a port
 * @param listens host that the server listens on
 */
export function isAllowedHost(header: string | undefined, listens: string): boolean {
  const host = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+)(:\d{1,5})?$/.exec(header ?? "")?.[1].toLowerCase();
  if (host === undefined) return false;
  if (host.startsWith("[") || /^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return true;
  return host === "localhost" || host.endsWith(".localhost") || host === listens.toLowerCase();
}
