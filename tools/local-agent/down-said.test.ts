import { describe, expect, it } from "vitest";
import { agentSaid, filesSaid, podmanSaid, servicesSaid } from "./down-said.ts";

describe("what --down says", () => {
  it.each([
    [servicesSaid([]), "services: there were none"],
    [servicesSaid(["hello", "hello-vm"]), "services: undeployed hello and hello-vm"],
    [agentSaid(true, false), "agent: stopped"],
    [agentSaid(false, false), "agent: did not run"],
    [agentSaid(false, true), "agent: did not run; the podman service of an earlier one: ended"],
    [podmanSaid([]), "images and networks: none removed"],
    [podmanSaid(["a:1", "b:1", "mcpnet"]), "of podman: removed a:1, b:1 and mcpnet"],
    [filesSaid([]), ".mcp: removed"],
    [filesSaid(["toolchain"]), ".mcp: removed, except toolchain (--down --all removes all of it)"],
    [
      filesSaid(["toolchain", "guest-kernel"]),
      ".mcp: removed, except toolchain and guest-kernel (--down --all removes all of it)",
    ],
  ])("is a sentence: %s", (said, wanted) => {
    expect(said).toBe(wanted);
  });
});
