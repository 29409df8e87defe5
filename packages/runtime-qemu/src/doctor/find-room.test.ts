import { FakeClock } from "@mcp/base/fake-clock";
import { expect, it } from "vitest";
import { Room } from "./find-room.ts";

it("a disk that hangs is told as such after two seconds, and does not take another thread each time", async () => {
  const clock = new FakeClock();
  let asked = 0;
  const room = new Room(clock, () => {
    asked++;
    return new Promise(() => {});
  });
  for (let times = 0; times < 3; times++) {
    const finding = room.find("/srv/mcp/images");
    await clock.advance(2_000);
    expect(await finding).toEqual({
      ok: false,
      why: "nobody can say how much room there is in /srv/mcp/images: its disk does not answer",
      hint: "see whether it answers: df /srv/mcp/images; if it is a network disk, whether its server does",
    });
  }
  expect(asked).toBe(1);
});
