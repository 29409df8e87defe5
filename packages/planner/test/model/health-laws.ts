import { demand } from "./demand.ts";
import type { View } from "./view.ts";

/** What holds of every plan where components have health checks. */
export const healthLaws: Readonly<Record<string, (view: View) => void>> = {
  "what starts comes after the health of all that it depends on, also through others": (view) => {
    for (const start of view.steps("start"))
      for (const name of view.dependencies(view.component(start.action.component))) {
        const below = view.goal.components.find((component) => component.name === name);
        if (!below?.target?.health || !view.shouldRun(below)) continue;
        const stands = view.steps("stand").filter(({ action }) => action.component === name);
        const isStarted = view.steps("start").some(({ action }) => action.component === name);
        const isHealthy = below.instances.some((instance) => view.healthOf(instance.name) === "healthy");
        demand(
          stands.some((stand) => view.isBefore(stand, start)) || (isHealthy && !isStarted),
          `${start.action.instance} starts while ${name} is not healthy`,
        );
      }
  },

  "what runs is restarted by itself only when it is unhealthy, and where its definition says so": (view) => {
    for (const { action } of view.steps("start")) {
      if (!action.isRestart || !view.isUp(action.instance)) continue;
      const { target } = view.component(action.component);
      demand(view.goal.cause === "repair" && !view.goal.candidate, `${action.instance}: somebody asked`);
      demand(target?.health?.restart === true, `${action.instance} should be left`);
      demand(view.healthOf(action.instance) === "unhealthy", `${action.instance} is not unhealthy`);
    }
  },
};
