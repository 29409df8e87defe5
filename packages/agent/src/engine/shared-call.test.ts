import { Problem } from "@mcp/base";
import { expect, it } from "vitest";
import { SharedCall } from "./shared-call.ts";

/** A call whose works are answered by hand. */
function shared() {
  const works: PromiseWithResolvers<string>[] = [];
  const call = new SharedCall(() => {
    const work = Promise.withResolvers<string>();
    works.push(work);
    return work.promise;
  });
  return { works, call };
}
const turn = () => new Promise(setImmediate);

it("whoever asks while a call is under way shares the next one", async () => {
  const { works, call } = shared();
  const first = call.call();
  const joined = [call.call(), call.call()];
  works[0]?.resolve("before their change");
  await turn();
  expect(works).toHaveLength(2);
  works[1]?.resolve("after");
  expect(await Promise.all([first, ...joined])).toEqual(["before their change", "after", "after"]);
});

it("a failure is not shared, since the next call may fare better", async () => {
  const { works, call } = shared();
  const first = call.call();
  const joined = call.call();
  works[0]?.reject(new Problem("runtime_unavailable", "it restarts", "wait"));
  await expect(first).rejects.toThrow("it restarts");
  await turn();
  works[1]?.resolve("it is back");
  expect(await joined).toBe("it is back");
});

it("silence is shared, and the next caller asks anew", async () => {
  const { works, call } = shared();
  const all = Promise.allSettled([call.call(), call.call(), call.call()]);
  works[0]?.reject(new Problem("runtime_timeout", "no answer", "look at it"));
  expect((await all).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(works).toHaveLength(1);
  const again = call.call();
  works[1]?.resolve("thawed");
  expect(await again).toBe("thawed");
});
