import { isProblem, type Problem } from "@mcp/base";
import { parseDefinition } from "../src/index.ts";

/** The problem that a call throws; anything else that is thrown is rethrown. */
export function problemOf(call: () => unknown): Problem {
  try {
    call();
  } catch (thrown) {
    if (isProblem(thrown)) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

/** What is wrong with a definition, each as `line key: message`; empty if nothing is. */
export function mistakesOf(toml: string): string[] {
  try {
    parseDefinition(toml, { file: "hello.toml" });
    return [];
  } catch (thrown) {
    if (!isProblem(thrown)) throw thrown;
    return thrown.mistakes.map(({ line, key, message }) => `${line ?? "-"} ${key}: ${message}`);
  }
}

/** What is wrong with a definition whose only component has these lines; its first is line 5. */
export const componentMistakes = (...lines: string[]): string[] =>
  mistakesOf(['name = "hello"', "", "[[components]]", 'name = "api"', ...lines].join("\n"));

/** What parses as the only component with these lines. */
export function componentWith(...lines: string[]) {
  const text = ['name = "hello"', "[[components]]", 'name = "api"', ...lines].join("\n");
  const [component] = parseDefinition(text, { file: "hello.toml" }).components;
  if (!component) throw new Error("a definition without a component was accepted");
  return component;
}
