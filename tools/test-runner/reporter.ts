import { relative } from "node:path";
import type { SerializedError } from "vitest";
import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";
import { dim, green, line, printSeconds, red } from "../terminal/stage.ts";
import { indent } from "./checks.ts";
import type { Totals } from "./totals.ts";

/** Prints each failure when it happens and a line for each file, and counts. */
export class StreamingReporter implements Reporter {
  readonly #totals: Totals;

  constructor(totals: Totals) {
    this.#totals = totals;
  }

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    const name = nameOf(test.module, test.fullName);
    if (result.state === "passed") this.#totals.passed++;
    if (result.state === "failed") this.#fail(name, result.errors);
    if (result.state === "skipped") this.#totals.skipped.push({ name, why: result.note ?? whyOf(test) });
  }

  /** A hook that fails, `beforeAll` for one, fails its suite: the tests in it never ran. */
  onTestSuiteResult(suite: TestSuite): void {
    if (suite.errors().length > 0) this.#fail(nameOf(suite.module, suite.fullName), suite.errors());
  }

  onTestModuleEnd(module: TestModule): void {
    const name = nameOf(module);
    if (module.errors().length > 0) this.#fail(name, module.errors());
    const tests = [...module.children.allTests()];
    const failed = tests.filter((test) => test.result().state === "failed").length;
    const mark = module.state() === "failed" ? red("✗") : green("✓");
    const count = failed > 0 ? `${failed} of ${tests.length} failed` : `${tests.length}`;
    line(`  ${mark} ${name} ${dim(`(${count}) ${printSeconds(module.diagnostic().duration)}`)}`);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    if (unhandled.length > 0) this.#fail("an error outside of any test", unhandled);
    if (modules.length === 0) line("  no test file matches");
  }

  #fail(name: string, errors: readonly SerializedError[]): void {
    this.#totals.failed.push(name);
    line(`  ${red("✗")} ${name}`);
    for (const error of errors) line(indent(describe(error)));
  }
}

const nameOf = (module: TestModule, test?: string): string =>
  [module.project.name, module.relativeModuleId, test].filter((part) => part !== undefined).join(" › ");

function whyOf(test: TestCase): string {
  return test.options.mode === "skip" ? "its condition does not hold here" : `marked ${test.options.mode}`;
}

function describe(error: SerializedError): string {
  const at = error.stacks?.find(({ file }) => !file.includes("node_modules"));
  const where = at ? `at ${relative(process.cwd(), at.file)}:${at.line}` : "";
  const parts = [`${error.name ?? "Error"}: ${error.message}`, error.diff, where];
  return parts.filter((part) => typeof part === "string" && part !== "").join("\n");
}
