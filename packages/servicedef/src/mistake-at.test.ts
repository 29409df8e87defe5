import { expect, it } from "vitest";
import { mistakeAt } from "./mistake-at.ts";

const toml = 'name = "hello"\n[[components]]\nname = "web"\nmemory = 8\n';

it("a mistake that a node finds has its key and its line", () => {
  const problem = mistakeAt(toml, "hello.toml", ["components", 0, "memory"], "is too little");
  expect(problem).toMatchObject({ code: "definition_invalid", message: "hello.toml has 1 mistake" });
  expect(problem.mistakes).toEqual([{ key: "components[0].memory", line: 4, message: "is too little" }]);
});

it("a key that is not written has the line of its table", () => {
  const { mistakes } = mistakeAt(toml, "hello.toml", ["components", 0, "network"], "is unknown");
  expect(mistakes).toEqual([{ key: "components[0].network", line: 2, message: "is unknown" }]);
});
