import { describe, expect, it } from "vitest";
import { buildGrpcServer } from "./grpc-server/image.ts";
import { deploy, last, newRequestId, withNode } from "./node.ts";

let grpcImage = "";
const node = withNode({
  prepare: async () => {
    grpcImage = await buildGrpcServer(node.rig);
  },
});

const port = 20_000 + (process.pid % 10_000);

async function deployed(toml: string): Promise<void> {
  const { state, problem } = await deploy(node, toml);
  expect({ state, problem: problem?.message }).toEqual({ state: "STATE_SUCCEEDED", problem: undefined });
}
const component = async (service: string) =>
  (await node.client.status({ service })).services?.[0]?.components?.[0];
const undeploy = (service: string) => last(node.client.undeploy({ requestId: newRequestId(), service }));
/** As the agent sees it. */
const health = async (service: string) => (await component(service))?.health;

describe("a container with a real gRPC server, which listens on its own address alone", () => {
  const grpc = (service: string, more: string) => `
name = "grpc"
[[components]]
name = "grpc"
image = "${grpcImage}"
cmd = ["/node", "/server.cjs"]
grace = "500ms"
start_period = "0s"
health = { grpc = "${service}", interval = "300ms", timeout = "2s", retries = 2, ${more} }
`;
  const published = (address: string) => `ports = ["${address}:${port}:9000"]`;
  const patient = 'start_period = "60s"';

  it.each(["127.0.0.2", "0.0.0.0"])("is asked where it is published, on %s", async (address) => {
    await deployed(grpc("hello.v1.Hello", patient) + published(address));
    expect(await health("grpc")).toMatchObject({ state: "healthy", text: "hello.v1.Hello is SERVING" });
    await undeploy("grpc");
  });
});
