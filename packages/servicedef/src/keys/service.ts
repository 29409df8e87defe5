import {
  type BuildDefinition,
  managedWays,
  type ServiceDefinition,
  type SnapshotDefinition,
  tiers,
} from "../definition.ts";
import { listOf, mapOf } from "../kinds/collections.ts";
import { imageNameSchema, isImageName, versionTag } from "../kinds/image.ts";
import type { Keys } from "../kinds/kind.ts";
import { dnsLabel, oneLine } from "../kinds/names.ts";
import { relativePath } from "../kinds/paths.ts";
import { boolean, oneOf } from "../kinds/scalars.ts";
import { environment } from "../kinds/settings.ts";
import { type TableKind, tableOf } from "../kinds/table.ts";
import { quoted } from "../quoted.ts";
import { componentKeys } from "./component.ts";
import { eitherKeys } from "./either.ts";

const notBuilding = "it is kept, and nothing is built; build and push the images by other means";
const notCopied = "it is kept, and nothing reads it";

export const buildKeys = {
  images: {
    key: "images",
    kind: mapOf(relativePath, {
      says: "table: image name to Dockerfile",
      checkName: (name) =>
        isImageName(name)
          ? undefined
          : `${quoted(name)} is not an image's name: a-z, 0-9, and ".", "_", "-" between`,
      nameSchema: imageNameSchema,
    }),
    otherwise: "nothing to build",
    runs: false,
    notYet: notBuilding,
    doc: "The Dockerfile of each image, relative to `path`.",
    example: 'images = { hello = "Dockerfile" }',
  },
  args: {
    key: "args",
    kind: environment,
    default: {},
    runs: false,
    notYet: notBuilding,
    doc: "Build arguments.",
    example: 'args = { GO_VERSION = "1.25" }',
  },
} as const satisfies Keys<BuildDefinition>;

export const snapshotKeys = {
  method: {
    key: "method",
    kind: oneLine,
    otherwise: "left to the agent",
    runs: false,
    notYet: notCopied,
    doc: "How the service's data is copied.",
    example: 'method = "full"',
  },
  exclude: {
    key: "exclude",
    kind: listOf(oneLine, { says: "list of paths", ordered: false }),
    default: [],
    runs: false,
    notYet: notCopied,
    doc: "What is left out of a snapshot.",
    example: 'exclude = ["cache", "tmp"]',
  },
} as const satisfies Keys<SnapshotDefinition>;

const ownKeys = {
  name: {
    key: "name",
    kind: dnsLabel,
    required: true,
    runs: false,
    doc: "The service.",
    example: 'name = "hello"',
  },
  node: {
    key: "node",
    kind: dnsLabel,
    otherwise: "the node that `--node` names, else the first of `mcp.toml`",
    runs: false,
    doc: "The node to run on. Not together with `tier`.",
    example: 'node = "rift"',
  },
  tier: {
    key: "tier",
    kind: oneOf(tiers),
    default: "worker",
    runs: false,
    notYet: "it is kept, and nothing places services; name a `node`, or type `--node`",
    doc: "What kind of node a master places the service on. Not together with `node`.",
    example: 'tier = "core"',
  },
  active: {
    key: "active",
    kind: boolean,
    default: true,
    runs: false,
    doc: "`false`: a deploy stops the service, and pulls nothing for it; `mcp start` starts it all the same.",
    example: "active = false",
  },
  managed: {
    key: "managed",
    kind: oneOf(managedWays),
    default: "heal",
    runs: false,
    doc: "What the agent does when the service is not as it should be: mend it, only say so, or never touch it.",
    example: 'managed = "report"',
  },
  version: {
    key: "version",
    kind: versionTag,
    otherwise: "every component names its image",
    // It is in the spec hash where it makes an image's name.
    runs: false,
    doc: "The tag of images that are left to convention; there, a change starts new instances.",
    example: 'version = "v1.2.0"',
  },
  path: {
    key: "path",
    kind: relativePath,
    otherwise: "the service's name",
    runs: false,
    notYet: notBuilding,
    doc: "The source folder, below the build workspace.",
    example: 'path = "services/hello"',
  },
  runtime: eitherKeys.runtime,
  update: eitherKeys.update,
  build: {
    key: "build",
    kind: tableOf(buildKeys),
    otherwise: "nothing to build",
    runs: false,
    notYet: notBuilding,
    doc: "How the service's images are built.",
    example: 'build = { images = { hello = "Dockerfile" } }',
  },
  snapshot: {
    key: "snapshot",
    kind: tableOf(snapshotKeys),
    otherwise: "left to the agent",
    runs: false,
    notYet: notCopied,
    doc: "How the service's data is kept.",
    example: 'snapshot = { method = "full", exclude = ["cache"] }',
  },
} as const satisfies Omit<Keys<ServiceDefinition>, "components">;

/** The same for one component. */
export const componentTable = tableOf(componentKeys, {
  outer: {
    keys: Object.values(ownKeys).map(({ key }) => key),
    where: "it is a key of the service; write it above the first [[components]]",
  },
});

export const serviceKeys = {
  ...ownKeys,
  components: {
    key: "components",
    kind: listOf(componentTable, {
      says: "list of tables",
      ordered: true,
      nonEmpty: "is empty; a service has at least one component",
      // A service is planned, accepted and undone as a whole, and its lane is held meanwhile.
      most: 200,
    }),
    required: true,
    runs: false,
    doc: "What the service is made of: at most 200.",
    example: 'components = [{ name = "api" }]',
  },
} as const satisfies Keys<ServiceDefinition>;

/** The table that parser, printer, reference page, JSON Schema and spec hash are made from. */
export const serviceTable: TableKind<ServiceDefinition> = tableOf<ServiceDefinition>(serviceKeys);
