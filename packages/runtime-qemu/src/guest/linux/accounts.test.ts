import { describe, expect, it } from "vitest";
import { parseAccounts, resolveUser } from "./accounts.ts";

const accounts = parseAccounts(
  "# people\nroot:x:0:0:root:/root:/bin/sh\nbroken\napp:x:1000:1001::/home/app:\nnobody:x:4294967295:1::/:\n",
  "root:x:0:\nlogs:x:2000:app\napps:x:1001:app\nall:x:50:nobody, app\nlogs2:x:2000:app,root\nlone:x:60:application\n",
);

describe("the user of a guest", () => {
  it.each([
    ["", { uid: 0, gid: 0, groups: [2000], home: "/root" }],
    ["0:0", { uid: 0, gid: 0, groups: [], home: "/root" }],
    ["app", { uid: 1000, gid: 1001, groups: [50, 2000], home: "/home/app" }],
    ["1000", { uid: 1000, gid: 1001, groups: [50, 2000], home: "/home/app" }],
    ["1000:5", { uid: 1000, gid: 5, groups: [], home: "/home/app" }],
    ["app:logs", { uid: 1000, gid: 2000, groups: [], home: "/home/app" }],
    ["77", { uid: 77, gid: 0, groups: [], home: "/" }],
  ])("%j is %j", (user, expected) => {
    expect(resolveUser(user, accounts)).toEqual(expected);
  });

  it.each(["stranger", "app:strangers", "app:", "-1", "4294967295", "nobody", "1; reboot"])(
    "%j is a problem that names the key",
    (user) => {
      expect(() => resolveUser(user, accounts)).toThrow(
        expect.objectContaining({ code: "start_failed", hint: expect.stringContaining("user") }),
      );
    },
  );
});
