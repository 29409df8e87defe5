import type { Clock } from "@mcp/base";
import { findNewAddresses, giveAddresses, loadHeldAddresses } from "./addresses.ts";
import { changeAlerts, endAlertDelivery, loadAlertDeliveries, loadAlerts } from "./alerts.ts";
import { requireFreeNames, requireFreePorts } from "./claims.ts";
import type { Database } from "./database.ts";
import { requestRestart, setDesired } from "./desired.ts";
import { addEvents, loadEvents } from "./events.ts";
import { addInstance, loadInstance, removeInstance, setInstance } from "./instances.ts";
import { loadMeta, probeWrite, setMeta } from "./meta.ts";
import { addOperation, loadOperation, loadOperations, setOperation } from "./operations.ts";
import { accept, discard, forget, propose, reject } from "./proposals.ts";
import { prune } from "./prune.ts";
import type { Registry } from "./registry.ts";
import { loadRevisions, loadRevisionsOf } from "./revisions.ts";
import { loadServices } from "./services.ts";
import { type Capacity, loadPromised, requireRoomForProposal } from "./sizes.ts";
import { snapshot } from "./snapshot.ts";
import { addSteps, setStep } from "./steps.ts";

/** Every method as one transaction on the database. */
export function registryOn(database: Database, clock: Clock, capacity?: () => Capacity): Registry {
  const { read, write } = {
    read: database.read.bind(database),
    write: database.write.bind(database),
  };
  const snapshots = new Set<Promise<void>>();
  return {
    services: (names) => read((q) => loadServices(q, names)),
    service: (name) => read(async (q) => (await loadServices(q, [name]))[0]),
    revisions: (service) => read((q) => loadRevisions(q, service)),
    revision: (service, number) => read(async (q) => (await loadRevisionsOf(q, [{ service, number }]))[0]),
    revisionsOf: (pairs) => read((q) => loadRevisionsOf(q, pairs)),

    addOperation: (operation) => write((q) => addOperation(q, clock, operation)),
    operation: (idOrRequestId) => read((q) => loadOperation(q, idOrRequestId)),
    operations: (filter) => read((q) => loadOperations(q, filter)),
    setOperation: (id, change) => write((q) => setOperation(q, clock, id, change)),
    addSteps: (operationId, steps) => write((q) => addSteps(q, operationId, steps)),
    setStep: (operationId, number, change) => write((q) => setStep(q, operationId, number, change)),

    propose: (proposal) => write((q) => propose(q, clock, proposal, capacity?.())),
    reject: (service) => write((q) => reject(q, clock, service)),
    discard: (service) => write((q) => discard(q, clock, service)),
    accept: (service, { keep }) => write((q) => accept(q, clock, service, keep)),
    setDesired: (service, desired, components) =>
      write((q) => setDesired(q, clock, service, desired, components, capacity?.())),
    requestRestart: (service, components, beforeMs) =>
      write((q) => requestRestart(q, clock, service, components, beforeMs)),
    forget: (service) => write((q) => forget(q, clock, service)),

    checkClaims: (claims) =>
      read(async (q) => {
        await requireFreeNames(q, claims.service, claims.components);
        await requireFreePorts(q, claims.service, claims.ports);
        await requireRoomForProposal(q, capacity?.(), claims);
        return giveAddresses(q, claims);
      }),
    newAddresses: (wishes, spare) => read((q) => findNewAddresses(q, wishes, spare)),
    heldAddresses: () => read(loadHeldAddresses),
    promises: async () => ({
      promised: await read((q) => loadPromised(q, capacity?.())),
      ...(capacity && { capacity: capacity() }),
    }),
    instance: (name) => read((q) => loadInstance(q, name)),
    addInstance: (instance) => write((q) => addInstance(q, clock, instance)),
    setInstance: (name, change) => write((q) => setInstance(q, name, change)),
    removeInstance: (name) => write((q) => removeInstance(q, name)),

    addEvents: (events) => write((q) => addEvents(q, clock, events)),
    events: (filter) => read((q) => loadEvents(q, filter)),
    prune: (limits) => prune(database, clock, limits),

    alerts: () => read(loadAlerts),
    changeAlerts: (change) => write((q) => changeAlerts(q, change)),
    alertDeliveries: () => read(loadAlertDeliveries),
    endAlertDelivery: (id) => write((q) => endAlertDelivery(q, id)),

    meta: (key) => read((q) => loadMeta(q, key)),
    setMeta: (key, value) => write((q) => setMeta(q, key, value)),

    snapshot(toPath) {
      const done = snapshot(database, toPath).finally(() => snapshots.delete(done));
      snapshots.add(done);
      return done;
    },
    checkWritable: () => write(probeWrite),
    async close() {
      await Promise.allSettled(snapshots);
      if (!database.isReadOnly) await foldLog(database);
      await database.close();
    },
  };
}

/** A log that cannot be folded in, on a full disk say, loses nothing: whoever opens the database next reads it. */
async function foldLog(database: Database): Promise<void> {
  await database.alone((raw) => raw.pragma("wal_checkpoint(truncate)")).catch(() => {});
}
