import { imageConformance, runtimeConformance } from "../conformance/index.ts";
import { openFakeImageRig, openFakeRig } from "./rig.ts";

runtimeConformance("the fake", {
  open: openFakeRig,
  excuses: { "a published port reaches the workload": "the fake runs no program that could answer" },
});

imageConformance("the fake", { open: openFakeImageRig });
