import type { Step } from "@mcp/planner";
import type { PortMapping } from "@mcp/runtime";
import { conflict } from "./definition.ts";
import { demand, LawBroken } from "./demand.ts";
import { healthLaws } from "./health-laws.ts";
import { restartLaws } from "./restart-laws.ts";
import { type Case, View } from "./view.ts";

/** What holds of every plan, whatever was wanted and seen. */
export const planLaws: Readonly<Record<string, (view: View) => void>> = {
  "steps are numbered from 1 and wait only for smaller numbers, so that there is no circle": ({ plan }) => {
    for (const [index, { number, after }] of plan.steps.entries()) {
      demand(number === index + 1, `step ${number} is at place ${index + 1}`);
      for (const other of after)
        demand(Number.isInteger(other) && other >= 1 && other < number, `step ${number} waits for ${other}`);
    }
  },

  "every step has a reason": ({ plan }) => {
    for (const { number, reason } of plan.steps) demand(reason.trim() !== "", `step ${number} has no reason`);
  },

  "each step is there once, and names an instance that is recorded or that it makes": (view) => {
    const keys = view.plan.steps.map(({ action }) =>
      "instance" in action
        ? `${action.do} ${action.instance}`
        : action.do === "pull"
          ? action.image.digest
          : action.do,
    );
    demand(new Set(keys).size === keys.length, `a step is there twice: ${keys.join(", ")}`);
    const made = new Set(view.steps("start").flatMap(({ action }) => (action.isNew ? action.instance : [])));
    for (const { action } of view.steps("start", "stand", "stop", "remove")) {
      const { instances, freshName } = view.component(action.component);
      const isRecorded = instances.some(({ name }) => name === action.instance);
      const isMade = made.has(action.instance) && action.instance === freshName;
      demand(isRecorded !== isMade, `${action.do} names ${action.instance}`);
    }
  },

  "what is unknown is never touched": (view) => {
    for (const { action } of view.steps("start", "stand", "stop", "remove"))
      demand(!view.isUnknown(view.component(action.component)), `${action.do} of ${action.instance}`);
    const unknown = view.goal.components.filter((component) => view.isUnknown(component));
    if (unknown.length > 0)
      demand(view.steps("accept", "discard", "forget").length === 0, "it was finished anyway");
    if (view.plan.steps.length > 0)
      for (const { name } of unknown)
        demand(
          view.plan.blocked.some(({ component }) => component === name),
          `${name} is not said to be blocked`,
        );
  },

  "what should be stopped is never started": (view) => {
    for (const { action } of view.steps("start", "stand", "pull"))
      demand(view.shouldRun(view.component(action.component)), `${action.do} of ${action.component}`);
  },

  "no host port has two owners, in whatever order the steps are taken": (view) => {
    const starts = view.steps("start");
    const portsOf = (component: string): readonly PortMapping[] =>
      view.component(component).target?.ports ?? [];
    for (const [index, start] of starts.entries()) {
      const { component, instance } = start.action;
      for (const holder of view.instances) {
        if (!conflict(holder.ports, portsOf(component))) continue;
        if (!view.isUp(holder.name) && view.sighting(holder.name).state !== "unknown") continue;
        const stop = view.stopOf(holder.name);
        demand(
          stop !== undefined && view.isBefore(stop, start),
          `${instance} starts while ${holder.name} holds a port`,
        );
      }
      for (const other of starts.slice(index + 1))
        demand(
          !conflict(portsOf(component), portsOf(other.action.component)),
          `${instance} and another one start`,
        );
    }
  },

  "stop-first: what runs of a component is stopped before its new instance starts": (view) => {
    for (const start of view.steps("start")) {
      const { component, instance } = start.action;
      const { instances, target } = view.component(component);
      for (const { name } of instances) {
        if (!view.isUp(name) || (target?.update === "start-first" && name !== instance)) continue;
        const stop = view.stopOf(name);
        demand(stop !== undefined && view.isBefore(stop, start), `${instance} starts while ${name} runs`);
      }
    }
  },

  "start-first: the old instance stops once the new one stands, unless a port is in the way": (view) => {
    if (view.goal.candidate?.state === "rejected") return;
    for (const stop of view.steps("stop")) {
      const { component, instance } = stop.action;
      const { target, instances } = view.component(component);
      const news = view
        .steps("start", "stand")
        .filter((step) => step.action.component === component && !isOnlyWaitedFor(step, view));
      if (target?.update !== "start-first" || news.some(({ action }) => action.instance === instance))
        continue;
      const taken = view
        .steps("start")
        .filter(({ action }) => action.component !== component)
        .flatMap(({ action }) => view.component(action.component).target?.ports ?? []);
      const wanted = [...target.ports, ...taken];
      if (
        instances.some(({ name, ports }) => view.isUp(name) && conflict(ports, wanted) && !isKept(name, news))
      )
        continue;
      for (const step of news)
        demand(view.isBefore(step, stop), `${instance} stops before ${component} has a successor`);
    }
  },

  "what runs is stopped before it is removed": (view) => {
    for (const remove of view.steps("remove")) {
      const { instance } = remove.action;
      const stop = view.stopOf(instance);
      if (view.isUp(instance))
        demand(stop !== undefined && view.isBefore(stop, remove), `${instance} is removed while it runs`);
    }
  },

  "an old instance is removed only once its successor is accepted, or stands where nothing is on trial": (
    view,
  ) => {
    const { candidate, desired } = view.goal;
    for (const remove of view.steps("remove")) {
      const { component, instance } = remove.action;
      const { target, instances } = view.component(component);
      const role = instances.find(({ name }) => name === instance)?.role;
      if (desired === "absent") continue;
      if (candidate?.state === "trying") {
        const [accept] = view.steps("accept");
        demand(
          accept !== undefined && view.isBefore(accept, remove),
          `${instance} goes before the revision is accepted`,
        );
        continue;
      }
      if (!target || role === "retired" || role === "candidate") continue;
      const news = view.steps("start", "stand").filter(({ action }) => action.component === component);
      const stays = instances.some(
        ({ name, role, specHash }) =>
          role === "current" &&
          specHash === target.specHash &&
          !view.steps("remove").some(({ action }) => action.instance === name),
      );
      demand(news.length > 0 || stays, `${instance} goes, and has no successor`);
      for (const step of news)
        demand(view.isBefore(step, remove), `${instance} goes before its successor is there`);
    }
  },

  "what failed is gone before what ran before it starts again": (view) => {
    if (view.goal.candidate?.state !== "rejected" || view.goal.desired === "absent") return;
    for (const remove of view.steps("remove")) {
      const { component, instance } = remove.action;
      if (view.component(component).instances.find(({ name }) => name === instance)?.role !== "candidate")
        continue;
      for (const start of view.steps("start").filter(({ action }) => action.component === component))
        demand(
          view.isBefore(remove, start),
          `${start.action.instance} starts while there is something of ${instance}`,
        );
    }
  },

  "what is on trial and went down after its start is judged as it is, not started again": (view) => {
    if (view.goal.candidate?.state !== "trying") return;
    for (const { action } of view.steps("start")) {
      const { instances, restartBeforeMs } = view.component(action.component);
      const made = instances.find(({ name }) => name === action.instance);
      const { state } = view.sighting(action.instance);
      if (made?.role !== "candidate" || view.isUp(made.name) || restartBeforeMs !== undefined) continue;
      demand(made.startedAtMs === undefined && state !== "exited", `${made.name} is started again`);
    }
  },

  "starts keep the order of depends_on, also through others": (view) => {
    const starts = view.steps("start");
    for (const start of starts)
      for (const name of view.dependencies(view.component(start.action.component)))
        for (const first of starts.filter(({ action }) => action.component === name))
          demand(view.isBefore(first, start), `${start.action.component} starts before ${name}`);
  },

  "stops keep it the other way round, except of what stays up beside its successor": (view) => {
    const isFirst = (stop: Step & { action: { component: string } }): boolean =>
      !view
        .steps("start", "stand")
        .some((s) => s.action.component === stop.action.component && view.isBefore(s, stop));
    const stops = view.steps("stop").filter(isFirst);
    for (const stop of stops)
      for (const name of view.dependencies(view.component(stop.action.component)))
        for (const later of stops.filter(({ action }) => action.component === name))
          demand(view.isBefore(stop, later), `${name} stops before ${stop.action.component}`);
  },

  "a revision on trial is accepted last, with one instance for each component that should run": (view) => {
    const [accept] = view.steps("accept");
    if (!accept) return;
    demand(view.goal.candidate?.state === "trying" && view.goal.desired !== "absent", "nothing is on trial");
    demand(accept.action.revision === view.goal.candidate.revision, "another revision is on trial");
    for (const step of view.steps("pull", "start", "stand", "stop"))
      demand(view.isBefore(step, accept), `${step.action.do} is not waited for`);
    for (const component of view.goal.components) {
      const names = [...component.instances.map(({ name }) => name), component.freshName];
      const kept = accept.action.keep.filter((name) => names.includes(name));
      demand(
        kept.length === 1 || (kept.length === 0 && !view.shouldRun(component)),
        `${component.name}: ${kept}`,
      );
    }
  },

  "a rejected revision is discarded, and an undeployed service forgotten, after all else": (view) => {
    const { candidate, desired } = view.goal;
    for (const last of view.steps("discard", "forget")) {
      if (last.action.do === "forget") demand(desired === "absent", "it should stay");
      else
        demand(
          candidate?.state === "rejected" && last.action.revision === candidate.revision,
          "it was not rejected",
        );
      demand(
        view.isBefore(last, last) === false && last.number === view.plan.steps.length,
        "it is not the last step",
      );
      for (const step of view.plan.steps)
        if (step !== last) demand(view.isBefore(step, last), `${step.action.do} is not waited for`);
    }
  },

  "what is ignored is left alone, and what is only watched is not repaired": (view) => {
    const { candidate, cause, desired, managed } = view.goal;
    if (desired === "ignore" || (cause === "repair" && managed !== "heal" && !candidate))
      demand(view.plan.steps.length === 0 && view.plan.wakeAtMs === undefined, "something is planned");
  },

  "it asks to be woken only for what time alone will change, and not in the past": (view) => {
    const { wakeAtMs } = view.plan;
    if (wakeAtMs === undefined) return;
    demand(wakeAtMs > view.nowMs, "it asks to be woken in the past");
    demand(view.goal.cause === "repair" && !view.goal.candidate, "somebody is waiting");
  },

  ...restartLaws,
  ...healthLaws,
};

/** One that was accepted and carries on, and that others wait for until it is healthy. */
const isOnlyWaitedFor = ({ action }: Step & { action: { instance: string } }, view: View): boolean =>
  action.do === "stand" &&
  view.instances.some(({ name, role }) => name === action.instance && role !== "candidate") &&
  !view.steps("start").some((start) => start.action.instance === action.instance);

/** One that stays the component's own: it is started or judged, or carries on. */
function isKept(name: string, news: readonly { action: { instance: string } }[]): boolean {
  return news.some(({ action }) => action.instance === name);
}

export function checkPlan(facts: Case): void {
  const view = new View(facts);
  for (const [name, law] of Object.entries(planLaws)) check(name, law, view);
}

export function checkLaw(name: string, facts: Case): void {
  const law = planLaws[name];
  if (!law) throw new Error(`there is no law: ${name}`);
  check(name, law, new View(facts));
}

function check(name: string, law: (view: View) => void, view: View): void {
  try {
    law(view);
  } catch (thrown) {
    if (!(thrown instanceof LawBroken)) throw thrown;
    const { goal, observation, plan, nowMs } = view;
    const seen = [...observation.sightings];
    throw new LawBroken(
      `${name}: ${thrown.message}\n${JSON.stringify({ goal, seen, plan, nowMs }, null, 1)}`,
    );
  }
}
