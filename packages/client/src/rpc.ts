import type { MessageJsonType } from "@bufbuild/protobuf";
import type { AgentService } from "@mcp/proto";

type Methods = (typeof AgentService)["method"];
type Named<Kind> = {
  [K in keyof Methods]: Methods[K] extends { methodKind: Kind } ? K : never;
}[keyof Methods];

export type UnaryRpc = Named<"unary">;
export type StreamRpc = Named<"server_streaming">;

/** In the JSON form of the message: what is absent has its default, a 64-bit number is text, a time is ISO 8601. */
export type Request<K extends keyof Methods> = MessageJsonType<Methods[K]["input"]>;
export type Response<K extends keyof Methods> = MessageJsonType<Methods[K]["output"]>;

/** Whether an RPC answers once or with a stream. Kept by the compiler, and by a test against the service itself. */
export const rpcKinds: { readonly [K in UnaryRpc]: "unary" } & { readonly [K in StreamRpc]: "stream" } = {
  deploy: "stream",
  undeploy: "stream",
  stop: "stream",
  start: "stream",
  restart: "stream",
  sync: "stream",
  rollback: "stream",
  plan: "unary",
  getOperation: "unary",
  listOperations: "unary",
  watchOperation: "stream",
  listServices: "unary",
  getService: "unary",
  status: "unary",
  liveCheck: "unary",
  listRevisions: "unary",
  adopt: "unary",
  logs: "stream",
  listEvents: "unary",
  watchEvents: "stream",
  pullFile: "stream",
  nodeStatus: "unary",
  doctor: "unary",
  prune: "unary",
};

export const isStreamRpc = (rpc: UnaryRpc | StreamRpc): rpc is StreamRpc => rpcKinds[rpc] === "stream";

/** `listServices` is `/mcp.v1.AgentService/ListServices`. */
export const pathOf = (rpc: UnaryRpc | StreamRpc): string =>
  `/mcp.v1.AgentService/${rpc.charAt(0).toUpperCase()}${rpc.slice(1)}`;
