/** What `--down` says that it has done, a line for each of its stages. */

export const servicesSaid = (undeployed: readonly string[]): string =>
  undeployed.length === 0 ? "services: there were none" : `services: undeployed ${listed(undeployed)}`;

/** @param endedService  podman's service that an agent had started which was then killed. */
export function agentSaid(ran: boolean, endedService: boolean): string {
  const agent = ran ? "agent: stopped" : "agent: did not run";
  return endedService ? `${agent}; the podman service of an earlier one: ended` : agent;
}

export const podmanSaid = (removed: readonly string[]): string =>
  removed.length === 0 ? "images and networks: none removed" : `of podman: removed ${listed(removed)}`;

/** @param kept  the folders of tools that were brought. */
export const filesSaid = (kept: readonly string[]): string =>
  kept.length === 0
    ? ".mcp: removed"
    : `.mcp: removed, except ${listed(kept)} (--down --all removes all of it)`;

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
