import { Problem } from "@mcp/base";

/** The users and groups that an image knows, of its /etc/passwd and /etc/group. */
export interface Accounts {
  readonly users: readonly {
    readonly name: string;
    readonly uid: number;
    readonly gid: number;
    readonly home: string;
  }[];
  readonly groups: readonly {
    readonly name: string;
    readonly gid: number;
    readonly members: readonly string[];
  }[];
}

/** Lines that are not of the form are passed over, as a C library does. */
export function parseAccounts(passwd: string, group: string): Accounts {
  const users = fieldsOf(passwd, 7).flatMap(([name = "", , uid, gid, , home = ""]) =>
    isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  );
  const groups = fieldsOf(group, 4).flatMap(([name = "", , gid, members = ""]) =>
    isId(gid) ? [{ name, gid: Number(gid), members: members.split(",").map((member) => member.trim()) }] : [],
  );
  return { users, groups };
}

const fieldsOf = (text: string, count: number): string[][] =>
  text
    .split("\n")
    .map((line) => line.split(":"))
    .filter((fields) => fields.length === count && fields[0] !== "" && !fields[0]?.startsWith("#"));

/** The largest id is no id: the kernel takes it for "leave it as it is". */
const isId = (text: string | undefined): text is string =>
  text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 0xffff_ffff;

export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Further groups, without `gid`, in order. */
  readonly groups: readonly number[];
  readonly home: string;
}

/**
 * Whom `user` means in an image, as podman reads it: `uid`, `uid:gid`, or names that the image knows; empty is root.
 * A user without a group has the one that the image gives them, or group 0, and is in all groups that name them; with a group
 * they are in that one alone.
 *
 * @throws Problem `start_failed` for a name that the image does not know.
 */
export function resolveUser(user: string, { users, groups }: Accounts): Identity {
  const [who = "", ofGroup] = splitOnce(user === "" ? "0" : user);
  const known =
    users.find(({ name }) => name === who) ??
    (isId(who) ? users.find(({ uid }) => uid === Number(who)) : undefined);
  if (!known && !isId(who)) throw unknown("user", who, "/etc/passwd");
  const uid = known?.uid ?? Number(who);
  const home = known?.home || "/";
  if (ofGroup === undefined) {
    const gid = known?.gid ?? 0;
    const further = groups.filter(({ members }) => known && members.includes(known.name));
    const others = new Set(further.map((group) => group.gid).filter((other) => other !== gid));
    return { uid, gid, groups: [...others].sort((a, b) => a - b), home };
  }
  const gid =
    groups.find(({ name }) => name === ofGroup)?.gid ?? (isId(ofGroup) ? Number(ofGroup) : undefined);
  if (gid === undefined) throw unknown("group", ofGroup, "/etc/group");
  return { uid, gid, groups: [], home };
}

function splitOnce(user: string): [string, string | undefined] {
  const colon = user.indexOf(":");
  return colon < 0 ? [user, undefined] : [user.slice(0, colon), user.slice(colon + 1)];
}

const unknown = (what: string, name: string, file: string): Problem =>
  new Problem(
    "start_failed",
    `the image has no ${what} ${JSON.stringify(name)} in its ${file}`,
    'correct user in the definition: numbers always work, as in user = "1000:1000"',
  );
