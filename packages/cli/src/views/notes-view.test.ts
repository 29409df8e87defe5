import { expect, it } from "vitest";
import { plain } from "../terminal/style.ts";
import { noteLines } from "./notes-view.ts";

it("notes that differ only in the component are one, where the first of them stands", () => {
  const notes = [
    "db: /srv/x does not exist, so it is not mounted",
    "db: memory is not limited here: no cgroup",
    "web: /srv/x does not exist, so it is not mounted",
    "the registry cannot be reached",
    "web: /srv/y does not exist, so it is not mounted",
  ];
  expect(noteLines(notes, plain)).toEqual([
    "note: db, web: /srv/x does not exist, so it is not mounted",
    "note: db: memory is not limited here: no cgroup",
    "note: the registry cannot be reached",
    "note: web: /srv/y does not exist, so it is not mounted",
  ]);
});
