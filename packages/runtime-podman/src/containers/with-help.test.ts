import { describe, expect, it } from "vitest";
import { withHelp } from "./with-help.ts";

/** A source that a test feeds. */
class Tap<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #wake = () => {};
  #error: unknown;
  #isOver = false;

  give(value: T): void {
    this.#values.push(value);
    this.#wake();
  }

  end(error?: unknown): void {
    this.#isOver = true;
    this.#error = error;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const [value] = this.#values.splice(0, 1);
      if (value !== undefined) yield value;
      else if (this.#error) throw this.#error;
      else if (this.#isOver) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

describe("a source with a helper", () => {
  it("gives what either gives, as it comes, until the main one ends", async () => {
    const [main, helper] = [new Tap<string>(), new Tap<string>()];
    const both = withHelp(
      main,
      () => helper,
      () => false,
    );
    helper.give("h1");
    expect(await both.next()).toEqual({ value: "h1", done: false });
    main.give("m1");
    expect(await both.next()).toEqual({ value: "m1", done: false });
    main.end();
    expect(await both.next()).toEqual({ value: undefined, done: true });
  });

  it("fails with the main one, and not with the helper", async () => {
    const [main, helper] = [new Tap<string>(), new Tap<string>()];
    const both = withHelp(
      main,
      () => helper,
      () => false,
    );
    helper.end(new Error("help"));
    main.give("m1");
    expect(await both.next()).toMatchObject({ value: "m1" });
    main.end(new Error("main"));
    await expect(both.next()).rejects.toThrow("main");
  });

  it("begins the helper again at the next occasion, and only one at a time", async () => {
    const main = new Tap<string>();
    const helpers: Tap<string>[] = [];
    const help = () => {
      const helper = new Tap<string>();
      helpers.push(helper);
      return helper;
    };
    const both = withHelp(main, help, (value) => value === "started");
    main.give("started");
    await both.next();
    expect(helpers).toHaveLength(1);
    helpers[0]?.end();
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
    main.give("other");
    await both.next();
    expect(helpers).toHaveLength(1);
    main.give("started");
    await both.next();
    expect(helpers).toHaveLength(2);
    main.end();
  });
});
