import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { freeTcpPort, listenAnywhere } from "./tcp-ports.ts";
import { withRig } from "./with-rig.ts";

describe("a start that fails", () => {
  const at = withRig();

  it("does not hold a port that a failed start has asked for", async ({ signal }) => {
    const port = await freeTcpPort();
    const ports = [{ address: "127.0.0.1", host: port, guest: 80, protocol: "tcp" }] as const;
    const broken = at.spec({ does: "cannot start" }, { ports });
    await expect(at.runtime.start(broken, signal)).rejects.toMatchObject({ code: "start_failed" });
    await at.runtime.start(at.spec({ does: "sleeps" }, { ports }), signal);
  });

  it("says who else holds a port, and how to see it", async ({ signal }) => {
    const server = createServer();
    const port = await listenAnywhere(server);
    try {
      const ports = [{ address: "127.0.0.1", host: port, guest: 80, protocol: "tcp" }] as const;
      await expect(at.runtime.start(at.spec({ does: "sleeps" }, { ports }), signal)).rejects.toMatchObject({
        code: "port_taken",
        message: expect.stringContaining(`host port ${port} is already in use`),
        hint: expect.stringContaining(`:${port}`),
      });
    } finally {
      server.close();
    }
  });

  it("says that a program is not in the image", async ({ signal }) => {
    const spec = at.spec({ does: "sleeps" }, { cmd: ["no-such-program"] });
    await expect(at.runtime.start(spec, signal)).rejects.toMatchObject({
      code: "start_failed",
      hint: "check cmd and entrypoint in its definition: the image has no such program",
    });
  });

  it.each([
    ["user", "nobody-known"],
    ["user", "0:nogroup-known"],
    ["workdir", "/no/such/folder"],
  ])("says that %s is to be corrected where the image has no %s", async (key, value) => {
    const { signal } = new AbortController();
    const spec = at.spec({ does: "sleeps" }, { [key]: value });
    const problem: unknown = await at.runtime.start(spec, signal).catch((error: unknown) => error);
    expect(problem).toMatchObject({
      code: "start_failed",
      message: expect.not.stringMatching(/[0-9a-f]{64}/),
      hint: expect.stringContaining(`correct ${key} in its definition`),
    });
  });

  it("says that a folder to be mounted is not there", async ({ signal }) => {
    const volumes = [{ host: "/no/such/folder", guest: "/data", readOnly: false, relabel: false }];
    const spec = at.spec({ does: "sleeps" }, { volumes });
    await expect(at.runtime.start(spec, signal)).rejects.toMatchObject({
      code: "start_failed",
      message: expect.stringContaining("/no/such/folder"),
    });
    expect(await at.runtime.inspect(spec.name, signal)).toBeUndefined();
  });
});
