import type { Migration } from "./migration.ts";

export const sizeClaims: Migration = {
  number: 2,
  name: "size-claims",
  statements: [
    `create table size_claim (
      service text not null,
      revision integer not null,
      component text not null,
      memory_mib integer not null,
      vcpus integer not null,
      is_beside integer not null check (is_beside in (0, 1)),
      primary key (service, revision, component),
      foreign key (service, revision) references revision (service, number)
    ) strict`,
  ],
};
