export * from "./gen/grpc/health/v1/health_pb.ts";
export * from "./gen/mcp/v1/agent_pb.ts";
export * from "./gen/mcp/v1/node_pb.ts";
export * from "./gen/mcp/v1/operation_pb.ts";
export * from "./gen/mcp/v1/problem_pb.ts";
export * from "./gen/mcp/v1/service_pb.ts";
