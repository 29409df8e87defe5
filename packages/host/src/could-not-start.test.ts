import { describe, expect, it } from "vitest";
import { couldNotStart } from "./could-not-start.ts";

const said = (program: string, code: string, pack?: string) => {
  const {
    code: problem,
    message,
    hint,
  } = couldNotStart(program, Object.assign(new Error(`spawn ${program} ${code}`), { code }), pack);
  return `${problem}: ${message} (${hint})`;
};

describe("a program that did not begin", () => {
  it("is missing where there is none, and what brings it is named", () => {
    expect(said("flock", "ENOENT", "util-linux")).toBe(
      "tool_missing: flock is not installed, or not on the PATH (install util-linux)",
    );
  });

  it.each(["EMFILE", "EAGAIN", "ENOMEM"])(
    "is not said to be missing where the machine has run out of something: %s",
    (code) => {
      expect(said("podman", code)).toBe(
        `tool_failed: podman could not be started: spawn podman ${code} (see what is used up: ulimit -a; free -m)`,
      );
    },
  );
});
