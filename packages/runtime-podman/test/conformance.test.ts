import { runtimeConformance } from "@mcp/runtime/conformance";
import { rigMissing, startPodmanRig } from "./rig.ts";
import { conformanceRig } from "./rig-scripts.ts";

runtimeConformance("podman as root", {
  missing: () => rigMissing("root"),
  open: async () => conformanceRig(await startPodmanRig({ who: "root" })),
});

runtimeConformance("podman as an ordinary user", {
  missing: () => rigMissing("user"),
  open: async () => conformanceRig(await startPodmanRig({ who: "user" })),
});
