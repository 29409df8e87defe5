import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { mistakesOf } from "../../test/mistakes.ts";

const definition = (lines: string) => `name = "hello"\n[[components]]\nname = "hello"\n${lines}\n`;
const most = 131_072;
const tooLong =
  "a program can be started with 131072 at most in one variable or argument. Mount it as a file";

it("a variable may be as long as the kernel takes it, with its name, and not one byte more", () => {
  // `BIG=` and the byte that ends it.
  const value = "x".repeat(most - 5);
  expect(mistakesOf(definition(`env = { SMALL = "1", BIG = "${value}" }`))).toEqual([]);
  expect(mistakesOf(definition(`env = { SMALL = "1", BIG = "${value}x" }`))).toEqual([
    `4 components[0].env.BIG: is 131073 bytes long with its name; ${tooLong}`,
  ]);
  const run = (BIG: string) => spawnSync("/bin/true", { env: { BIG } }).error;
  expect(run(value)).toBeUndefined();
  expect(run(`${value}x`)).toMatchObject({ code: "E2BIG" });
});

it("a variable is measured in bytes, and told with its own line", () => {
  const lines = `[components.env]\nSMALL = "1"\nBIG = "${"ü".repeat(most / 2)}"`;
  expect(mistakesOf(definition(lines))).toEqual([
    `6 components[0].env.BIG: is 131077 bytes long with its name; ${tooLong}`,
  ]);
});

it.each(["cmd", "entrypoint"])("an argument of %s may be as long as the kernel takes it", (key) => {
  const list = (bytes: number) => definition(`${key} = ["/bin/hello", "${"x".repeat(bytes)}"]`);
  expect(mistakesOf(list(most - 1))).toEqual([]);
  expect(mistakesOf(list(most))).toEqual([`4 components[0].${key}[1]: is 131073 bytes long; ${tooLong}`]);
});

it("variables and arguments are bounded in all", () => {
  const names = Array.from({ length: 65_000 }, (_, n) => `A${String(n).padStart(5, "0")}=""`);
  const env = (count: number) => definition(`[components.env]\n${names.slice(0, count).join("\n")}`);
  // Each takes 6 letters, "=", its end, and a pointer.
  expect(mistakesOf(env(65_536 - 600))).toEqual([]);
  const more = definition(`cmd = ["${"y".repeat(100_000)}"]\n[components.env]\n${names.join("\n")}`);
  expect(mistakesOf(more)).toEqual([
    "5 components[0].env: makes 1140009 bytes of variables and arguments; a program can be started with 1048576 at most. Mount it as a file",
  ]);
});
