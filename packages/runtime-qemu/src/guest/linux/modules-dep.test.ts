import { describe, expect, it } from "vitest";
import { loadOrder, moduleName, parseModulesBuiltin, parseModulesDep } from "./modules-dep.ts";

const modules = parseModulesDep(`kernel/net/core/failover.ko.xz:
kernel/drivers/net/net_failover.ko.xz: kernel/net/core/failover.ko.xz
kernel/drivers/virtio/virtio.ko.xz:
kernel/drivers/net/virtio_net.ko.xz: kernel/drivers/net/net_failover.ko.xz kernel/net/core/failover.ko.xz kernel/drivers/virtio/virtio.ko.xz
kernel/drivers/char/hw_random/virtio-rng.ko.xz: kernel/drivers/virtio/virtio.ko.xz
`);

describe("modules.dep", () => {
  it("gives each module after those that it needs, once", () => {
    expect(loadOrder(["virtio_net", "virtio-rng"], modules, new Set()).files).toEqual([
      "kernel/net/core/failover.ko.xz",
      "kernel/drivers/net/net_failover.ko.xz",
      "kernel/drivers/virtio/virtio.ko.xz",
      "kernel/drivers/net/virtio_net.ko.xz",
      "kernel/drivers/char/hw_random/virtio-rng.ko.xz",
    ]);
  });

  it("passes over what is built in, and names what is missing", () => {
    const builtIn = parseModulesBuiltin("kernel/fs/fuse/fuse.ko\n");
    expect(loadOrder(["fuse", "9p"], modules, builtIn)).toEqual({ files: [], missing: ["9p"] });
  });

  it("ends where modules need each other", () => {
    const circle = parseModulesDep("a.ko: b.ko\nb.ko: a.ko\n");
    expect(loadOrder(["a"], circle, new Set()).files).toEqual(["b.ko", "a.ko"]);
  });

  it.each(["x/virtio-rng.ko", "virtio_rng.ko.zst", "virtio-rng"])("knows %s by its name", (file) => {
    expect(moduleName(file)).toBe("virtio_rng");
  });
});
