import { networkInterfaces } from "node:os";
import { type handleUnaryCall, Server, ServerCredentials, status } from "@grpc/grpc-js";

/**
 * A gRPC server with the standard health service, v1, to run in a container: on the container's own address and not on its
 * loopback. It serves after two seconds, and serves no more once it is sent SIGUSR2. Written with the wire by hand, so that it shares
 * nothing with what asks it.
 */

const port = 9000;
const [serving, notServing] = [1, 2];
let health = notServing;

/** The first field of a message, a string of less than 128 bytes. */
const firstString = (message: Buffer): string =>
  message.length === 0 ? "" : message.subarray(2, 2 + (message[1] ?? 0)).toString();

const check: handleUnaryCall<string, number> = ({ request }, answer) => {
  if (request === "" || request === "hello.v1.Hello") answer(null, health);
  else answer({ code: status.NOT_FOUND, details: "unknown service" });
};

const server = new Server();
server.addService(
  {
    check: {
      path: "/grpc.health.v1.Health/Check",
      requestStream: false,
      responseStream: false,
      requestDeserialize: firstString,
      requestSerialize: (service: string) => Buffer.from(service),
      responseSerialize: (state: number) => Buffer.from([0x08, state]),
      responseDeserialize: (message: Buffer) => message[1] ?? 0,
    },
  },
  { check },
);

const own = Object.values(networkInterfaces())
  .flat()
  .find((one) => one && !one.internal && one.family === "IPv4");
if (!own) throw new Error("this container has no address of its own");
server.bindAsync(`${own.address}:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  console.log(`listening on ${own.address}:${port}`);
});
setTimeout(() => {
  health = serving;
}, 2_000);
process.on("SIGUSR2", () => {
  health = notServing;
});
process.on("SIGTERM", () => process.exit(0));
