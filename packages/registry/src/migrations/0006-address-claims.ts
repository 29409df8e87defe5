import type { Migration } from "./migration.ts";

// No two revisions of one component hold different addresses of one subnet, and no two components the same: that spans rows,
// so the transaction that gives them sees to it.
export const addressClaims: Migration = {
  number: 6,
  name: "address-claims",
  statements: [
    `create table address_claim (
      service text not null,
      revision integer not null,
      component text not null,
      subnet text not null,
      address text not null,
      primary key (service, revision, component),
      foreign key (service, revision) references revision (service, number)
    ) strict`,
    `alter table instance add column address text`,
  ],
};
