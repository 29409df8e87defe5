import { describe, expect, it } from "vitest";
import { judgeBuild } from "./ops.ts";
import { opsConfig } from "./ops-config.ts";

const said = (stdout: string, exitCode = 0) => ({ exitCode, stdout, stderr: "" });
const built = "Bootable image file:/home/.ops/images/x\n";

describe("judging what ops did", () => {
  it.each([
    ["a line and a file", said(built), 512, undefined],
    [
      "a line after others, in colour",
      said(`\u001b[31mupdate!\u001b[0m\r\n\u001b[1m${built}`),
      512,
      undefined,
    ],
    ["no line", said("Error: unknown flag: --x\nUsage:"), undefined, "ended without an image"],
    ["a file and no line", said(""), 512, "ended without an image"],
    ["a line without a path", said("Bootable image file:\n"), 512, "ended without an image"],
    ["a line and no file", said(built), undefined, "says that it built an image, and there is none"],
    ["an empty file", said(built), 0, "built an image that is empty"],
    ["a failure", said(built, 1), 512, "failed with exit code 1"],
  ])("%s", (_, result, bytes, expected) => {
    expect(judgeBuild(result, bytes)).toBe(expected);
  });
});

describe("the config of ops", () => {
  it("names what the guest runs, where, with what, and that it tells its exit code", () => {
    const program = {
      path: "/usr/bin/node",
      argv: ["node", "/app.js"],
      env: { PORT: "80" },
      workdir: "/srv",
    };
    const mounts = [{ tag: "0", path: "/data" }];
    const kernel = "/opt/nanos/kernel.img";
    expect(opsConfig({ program, names: ["app.js", "usr"], mounts, bytes: 10 * 1024 ** 2, kernel })).toEqual({
      Dirs: ["app.js", "usr"],
      NameServers: ["10.0.2.3"],
      BaseVolumeSz: "75m",
      Kernel: kernel,
      ManifestPassthrough: {
        program: "/usr/bin/node",
        arguments: ["node", "/app.js"],
        environment: { PORT: "80" },
        cwd: "/srv",
        debug_exit: "t",
        mounts: { "%0": "/data" },
      },
    });
  });

  it("gives a guest on a bridge its address, and the gateway to ask for names", () => {
    const attachment = {
      bridge: { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 23 },
      address: "10.99.1.7",
      mac: "02:8a:31:0c:55:f0",
    };
    const program = { path: "/app", argv: ["/app"], env: {}, workdir: "/" };
    expect(opsConfig({ program, names: ["app"], mounts: [], bytes: 0, attachment })).toMatchObject({
      NameServers: ["10.99.0.1"],
      ManifestPassthrough: { ipaddr: "10.99.1.7", netmask: "255.255.254.0", gateway: "10.99.0.1" },
    });
  });
});
