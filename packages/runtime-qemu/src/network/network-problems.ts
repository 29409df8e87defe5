import { isProblem, Problem } from "@mcp/base";

/** Without the right to change this host's network. */
export const notPermitted = (what: string): Problem =>
  new Problem(
    "network_not_permitted",
    `${what}: this needs the capability CAP_NET_ADMIN`,
    "run the agent as root, or give its service that one capability: systemctl edit mcp-agent, with [Service] AmbientCapabilities=CAP_NET_ADMIN",
  );

/** What a tool said, as the problem that it is. */
export function toolFailed(what: string, stderr: string): Problem {
  if (/operation not permitted|permission denied|must be root/i.test(stderr)) return notPermitted(what);
  const said =
    stderr
      .trim()
      .split("\n")
      .find((line) => !/^Command failed/.test(line)) ?? "";
  return new Problem(
    "network_failed",
    `${what}: ${said.slice(0, 500) || "it was not said why"}`,
    "see what is there: ip -d link; nft list ruleset",
  );
}

/** Both come in packages that have other names. */
export function asToolMissing(error: unknown, program: "ip" | "nft"): unknown {
  if (!isProblem(error) || error.code !== "tool_missing") return error;
  const debianPackage = program === "ip" ? "iproute2" : "nftables";
  return new Problem("tool_missing", error.message, `install it: apt install ${debianPackage}`, {
    cause: error,
  });
}

/** `ip` names neither the file nor what it is for. */
export const noTun = (what: string, stderr: string): Problem =>
  new Problem(
    "network_failed",
    `${what}: /dev/net/tun cannot be opened (${/^open: (.*)$/m.exec(stderr)?.[1] ?? "unknown"})`,
    "load its module, and let everybody open it, which is its usual mode: modprobe tun; chmod 0666 /dev/net/tun",
  );
