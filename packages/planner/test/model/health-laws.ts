import type { ComponentGoal } from "@mcp/planner";
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
          stands.some((stand) => view.isBefore(stand, start)) ||
            ((isHealthy || hasDoneItsWork(below, view)) && !isStarted),
          `${start.action.instance} starts while ${name} is not healthy`,
        );
      }
  },

  "what runs is restarted by itself only for its health, and where its definition says so": (view) => {
    for (const { action } of view.steps("start")) {
      if (!action.isRestart || !view.isUp(action.instance)) continue;
      const { target, restartBeforeMs = Number.POSITIVE_INFINITY } = view.component(action.component);
      const { startedAtMs = 0 } = view.instances.find(({ name }) => name === action.instance) ?? {};
      demand(view.goal.cause === "repair" && !view.goal.candidate, `${action.instance}: somebody asked`);
      demand(target?.health?.restart === true, `${action.instance} should be left`);
      // One that was begun for its health, and cut short.
      const isBegun = restartBeforeMs <= view.nowMs && startedAtMs < restartBeforeMs;
      demand(
        view.healthOf(action.instance) === "unhealthy" || isBegun,
        `${action.instance} is not unhealthy`,
      );
    }
  },

  "what is restarted for its health, by nobody's wish, keeps the count of its restarts": (view) => {
    if (view.goal.cause !== "repair" || view.goal.candidate) return;
    for (const { action } of view.steps("start")) {
      const { target } = view.component(action.component);
      const isOurs = view.instances.some(({ name, specHash }) => {
        const sighting = view.sighting(name);
        return name === action.instance && sighting.state === "running" && sighting.specHash === specHash;
      });
      if (isOurs && target?.health?.restart)
        demand(action.isRestart, `${action.instance} would begin its count anew`);
    }
  },
};

/** It has ended with success, and its restart policy leaves it so. */
const hasDoneItsWork = ({ instances, target }: ComponentGoal, view: View): boolean =>
  (target?.restart.policy === "no" || target?.restart.policy === "on-failure") &&
  instances.some(({ name }) => {
    const sighting = view.sighting(name);
    return sighting.state === "exited" && sighting.exit?.code === 0;
  });
