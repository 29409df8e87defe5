import { expect, it } from "vitest";
import { complaintIn } from "./qemu-complaint.ts";

it("a complaint of QEMU's is its first line that is no warning", () => {
  const warning = "qemu-system-x86_64: warning: TCG doesn't support requested feature";
  expect(complaintIn("")).toBeUndefined();
  expect(complaintIn(`${warning}\n\n`)).toBeUndefined();
  expect(complaintIn(`${warning}\nqemu: the disk is gone\nqemu: so it ends\n`)).toBe(
    "qemu: the disk is gone",
  );
});
