import type { ImageConfig, WorkloadSpec } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { argvOf, envOf } from "./command.ts";

const image: ImageConfig = {
  entrypoint: ["/entry"],
  cmd: ["image's"],
  env: { PATH: "/image", A: "image" },
  workdir: "",
  user: "",
};
const spec = (more: Partial<WorkloadSpec>) => ({ hostname: "hello", env: {}, ...more }) as WorkloadSpec;

describe("what an image and a spec run together", () => {
  it.each([
    [{}, ["/entry", "image's"]],
    [{ cmd: ["own"] }, ["/entry", "own"]],
    [{ entrypoint: ["/own"] }, ["/own"]],
    [{ entrypoint: ["/own"], cmd: ["own"] }, ["/own", "own"]],
    [{ cmd: [] }, ["/entry", "image's"]],
    [{ entrypoint: [] }, ["image's"]],
    [{ entrypoint: [], cmd: ["own"] }, ["own"]],
    [{ entrypoint: ["/own"], cmd: [] }, ["/own"]],
  ])("is, with %j, %j", (more, argv) => {
    expect(argvOf(spec(more), image)).toEqual(argv);
  });

  it("has the spec's environment over the image's, and that over what everybody has", () => {
    expect(envOf(spec({ env: { A: "own" } }), image, { HOME: "/root" })).toEqual({
      PATH: "/image",
      HOSTNAME: "hello",
      HOME: "/root",
      A: "own",
    });
    expect(envOf(spec({}), { ...image, env: {} }).PATH).toContain("/usr/bin");
  });
});
