import type { WorkloadSpec } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { commandOf } from "./command.ts";

const image = {
  entrypoint: ["/entry"],
  cmd: ["serve"],
  env: { A: "image", PATH: "/own" },
  workdir: "",
  user: "",
};
const nobody = { users: [], groups: [] };
const of = (changes: Partial<WorkloadSpec>, ofImage = image) =>
  commandOf(
    { image: { reference: "test" }, hostname: "h", env: {}, ...changes } as WorkloadSpec,
    ofImage,
    nobody,
  );

describe("what a spec and an image mean together", () => {
  it.each([
    [{}, ["/entry", "serve"]],
    [{ cmd: ["check"] }, ["/entry", "check"]],
    [{ entrypoint: ["/other"] }, ["/other"]],
    [{ entrypoint: ["/other"], cmd: ["x"] }, ["/other", "x"]],
    [{ entrypoint: [] }, ["serve"]],
  ])("%j runs %j", (changes, argv) => {
    expect(of(changes).argv).toEqual(argv);
  });

  it("puts the spec's env over the image's, and that over the defaults", () => {
    expect(of({ env: { A: "spec" } }).env).toEqual({ A: "spec", PATH: "/own", HOSTNAME: "h", HOME: "/" });
    expect(of({})).toMatchObject({ workdir: "/", uid: 0, gid: 0 });
  });

  it.each([
    [{ cmd: ["a\0b"] }, "the command has a NUL"],
    [{ env: { "A=B": "c" } }, "env has the name"],
    [{ env: { A: "\0" } }, "env A has a NUL"],
    [{ workdir: "/\0" }, "workdir has a NUL"],
  ])("refuses %j", (changes, message) => {
    expect(() => of(changes)).toThrow(
      expect.objectContaining({ code: "start_failed", message: expect.stringContaining(message) }),
    );
  });

  it("asks what to run where nobody says", () => {
    expect(() => of({}, { ...image, entrypoint: [], cmd: [] })).toThrow(
      expect.objectContaining({ code: "start_failed", hint: expect.stringContaining("cmd") }),
    );
  });
});
