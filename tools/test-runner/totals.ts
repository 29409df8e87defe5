import { green, line, red } from "../terminal/stage.ts";

export interface Skipped {
  readonly name: string;
  readonly why: string;
}

/** What came of a run. Each check that is no vitest test counts as one. */
export class Totals {
  passed = 0;
  readonly failed: string[] = [];
  readonly skipped: Skipped[] = [];

  /** What another part of the run has counted. */
  add(other: Pick<Totals, "passed" | "failed" | "skipped">): void {
    this.passed += other.passed;
    this.failed.push(...other.failed);
    this.skipped.push(...other.skipped);
  }

  /** The end of the output: what was skipped and why, what failed, and the line that others read. */
  print(): void {
    line();
    if (this.skipped.length > 0) {
      line("skipped:");
      for (const { name, why } of this.skipped) line(`  - ${name}: ${why}`);
      line();
    }
    if (this.failed.length > 0) {
      line(red("failed:"));
      for (const name of this.failed) line(`  ✗ ${name}`);
      line();
    }
    const skipped = this.skipped.length > 0 ? `, ${this.skipped.length} skipped` : "";
    const last = `${this.passed} passed, ${this.failed.length} failed${skipped}`;
    // Unpainted off a terminal, where programs read it.
    line(this.failed.length > 0 ? red(last) : green(last));
  }
}
