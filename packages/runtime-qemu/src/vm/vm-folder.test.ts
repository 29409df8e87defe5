import { describe, expect, it } from "vitest";
import { isInstanceName, VmFolder } from "./vm-folder.ts";

describe("the folder of a virtual machine", () => {
  it("is named like its instance", () => {
    expect(VmFolder.of("/srv/mcp/vm-state", "hello-web.k3f9q").record).toBe(
      "/srv/mcp/vm-state/hello-web.k3f9q/vm.json",
    );
  });

  it.each(["../etc", "a/b", "", ".new-1", "a..b", "a\n", "A", "a".repeat(201)])(
    "is refused for %j",
    (name) => {
      expect(isInstanceName(name)).toBe(false);
      expect(() => VmFolder.of("/srv", name)).toThrow("not the name of an instance");
    },
  );
});
