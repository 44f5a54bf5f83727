/**
 * What a server can do beyond the protocol's core: the list that its welcome and its GetServerInfo give.
 *
 * @param labels trials to label; undefined when the server has no dataset
 */
export function capabilitiesOf(labels: object | undefined): string[] {
  const always = ["reset", "hold"];
  return labels === undefined ? always : [...always, "label"];
}
