import { expect, it } from "vitest";
import { bootReport } from "../reports/boot-report.ts";
import { plain } from "../terminal/style.ts";
import { bootLines } from "./boot-view.ts";

const core = { stage: "core", number: 2, stages: 3 };

it("the stage of a boot is shown with what it waits for", () => {
  expect(
    bootLines(bootReport({ ...core, waitingFor: ["mcr (unhealthy)", "web (exited)"] }), [], plain),
  ).toEqual(['boot: stage 2 of 3 "core": waiting for mcr (unhealthy), web (exited)']);
});

it("one that has only begun waits for nothing that is known", () => {
  expect(bootLines(bootReport(core), [], plain)).toEqual(['boot: stage 2 of 3 "core"']);
});

it("one that blocks says so", () => {
  expect(bootLines(bootReport({ ...core, waitingFor: ["mcr (exited)"], late: true }), [], plain)).toEqual([
    'boot: stage 2 of 3 "core": waiting for mcr (exited), and blocked by that',
  ]);
});

it("notes are shown also where no boot is under way", () => {
  expect(bootLines(bootReport(undefined), ["ids differs from /srv/ids.toml"], plain)).toEqual([
    "note: ids differs from /srv/ids.toml",
  ]);
});
