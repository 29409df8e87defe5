import { AgentService } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { pathOf, rpcKinds, type StreamRpc, type UnaryRpc } from "./rpc.ts";

describe("the table of RPCs", () => {
  it("is the service's, with its paths and kinds, except for what a client streams", () => {
    const ofService = AgentService.methods
      .filter(({ methodKind }) => methodKind !== "client_streaming")
      .map(({ localName, name, methodKind }) => [
        localName,
        methodKind === "unary" ? "unary" : "stream",
        `/${AgentService.typeName}/${name}`,
      ]);
    const ofTable = Object.entries(rpcKinds).map(([rpc, kind]) => [
      rpc,
      kind,
      pathOf(rpc as UnaryRpc | StreamRpc),
    ]);
    expect(ofTable.sort()).toEqual(ofService.sort());
  });
});
