import type { Migration } from "./migration.ts";

// The kinds of operations, events and workloads are free text: new ones must not need a new table.
export const initial: Migration = {
  number: 1,
  name: "initial",
  statements: [
    `create table meta (
      key text primary key,
      value text not null
    ) strict`,

    `create table service (
      name text primary key,
      desired text not null check (desired in ('running', 'stopped', 'ignore', 'absent')),
      desired_before text check (desired_before in ('running', 'stopped', 'ignore', 'absent')),
      managed text not null check (managed in ('heal', 'report', 'ignore')),
      last_revision integer not null,
      current_revision integer,
      candidate_revision integer,
      candidate_state text check (candidate_state in ('trying', 'rejected')),
      updated_at_ms integer not null,
      check ((candidate_revision is null) = (candidate_state is null)),
      foreign key (name, current_revision) references revision (service, number) deferrable initially deferred,
      foreign key (name, candidate_revision) references revision (service, number) deferrable initially deferred
    ) strict`,

    `create table revision (
      service text not null references service (name),
      number integer not null,
      created_at_ms integer not null,
      state text not null check (state in ('candidate', 'current', 'earlier', 'rejected')),
      managed text not null,
      origin text not null,
      content text not null,
      operation_id text not null,
      primary key (service, number)
    ) strict`,
    `create unique index revision_one_current on revision (service) where state = 'current'`,
    `create unique index revision_one_candidate on revision (service) where state = 'candidate'`,

    `create table component (
      service text not null references service (name),
      name text not null,
      known_name text not null unique,
      desired text not null check (desired in ('running', 'stopped')),
      desired_before text check (desired_before in ('running', 'stopped')),
      restart_before_ms integer,
      in_current integer not null check (in_current in (0, 1)),
      in_candidate integer not null check (in_candidate in (0, 1)),
      primary key (service, name)
    ) strict`,

    `create table port_claim (
      service text not null,
      revision integer not null,
      component text not null,
      address text not null,
      port integer not null,
      protocol text not null,
      primary key (service, revision, component, address, port, protocol),
      foreign key (service, revision) references revision (service, number)
    ) strict`,
    `create index port_claim_by_port on port_claim (port, protocol)`,

    `create table instance (
      name text primary key,
      service text not null references service (name),
      component text not null,
      revision integer not null,
      spec_hash text not null,
      spec text not null,
      kind text not null,
      role text not null check (role in ('candidate', 'current', 'retired')),
      handle_kind text,
      handle_v integer,
      handle_state text,
      created_at_ms integer not null,
      started_at_ms integer,
      restarts integer not null,
      last_exit text,
      check ((handle_kind is null) = (handle_v is null) and (handle_kind is null) = (handle_state is null))
    ) strict`,
    `create index instance_by_service on instance (service, revision)`,

    `create table operation (
      seq integer primary key autoincrement,
      id text not null unique,
      request_id text not null unique,
      service text not null,
      kind text not null,
      state text not null check (state in ('queued', 'running', 'reverting', 'succeeded', 'failed')),
      created_at_ms integer not null,
      finished_at_ms integer,
      revision integer,
      problem text,
      last_log_lines text not null,
      notes text not null,
      request text not null
    ) strict`,
    `create index operation_by_service on operation (service, seq)`,
    `create index operation_by_state on operation (state, seq)`,

    `create table step (
      operation_id text not null references operation (id) on delete cascade,
      number integer not null,
      action text not null,
      reason text not null,
      after text not null,
      state text not null check (state in ('planned', 'running', 'done', 'failed', 'skipped')),
      started_at_ms integer,
      finished_at_ms integer,
      problem text,
      primary key (operation_id, number)
    ) strict`,

    `create table event (
      id integer primary key autoincrement,
      at_ms integer not null,
      service text not null,
      component text not null,
      kind text not null,
      text text not null,
      data text
    ) strict`,
    `create index event_by_service on event (service, id)`,
    `create index event_by_time on event (at_ms)`,
  ],
};
