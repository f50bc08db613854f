// lease: what is sent, and what is said.
#include "cli_fixture.h"

namespace coffer::cli {
namespace {

class LeaseCommands : public CliFixture {};

constexpr const char* kId = "database/creds/app/abc";

TEST_F(LeaseCommands, ALeaseIsLookedUp) {
  vault_.answer("PUT /v1/sys/leases/lookup", 200, R"({"data":{"id":"x","ttl":3600}})");
  const Outcome shown = run({"lease", "lookup", kId});
  EXPECT_EQ(shown.code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/sys/leases/lookup {"lease_id":"database/creds/app/abc"})");
  EXPECT_EQ(run({"lease", "lookup", "-field=ttl", kId}).out, "3600");
  EXPECT_EQ(run({"lease", "lookup"}).code, 1);
}

TEST_F(LeaseCommands, ALeaseIsRenewedForAsLongAsWasAsked) {
  vault_.answer("PUT /v1/sys/leases/renew", 200,
                R"({"lease_id":"database/creds/app/abc","lease_duration":60,"renewable":true})");
  EXPECT_EQ(run({"lease", "renew", "-increment=1m", "-field=lease_duration", kId}).out, "60");
  EXPECT_EQ(last(),
            R"(PUT /v1/sys/leases/renew {"increment":"1m0s","lease_id":"database/creds/app/abc"})");
  EXPECT_TRUE(contains(run({"lease", "renew", kId}).out, "lease_id"));
  EXPECT_EQ(last(), R"(PUT /v1/sys/leases/renew {"lease_id":"database/creds/app/abc"})");
}

TEST_F(LeaseCommands, ALeaseIsRevokedAndWaitedForIfAsked) {
  vault_.answer("PUT /v1/sys/leases/revoke", 204, "");
  EXPECT_EQ(run({"lease", "revoke", kId}).out, "All revocation operations queued successfully!\n");
  EXPECT_EQ(last(), R"(PUT /v1/sys/leases/revoke {"lease_id":"database/creds/app/abc"})");
  EXPECT_EQ(run({"lease", "revoke", "-sync", kId}).out,
            "Success! Revoked lease: database/creds/app/abc\n");
  EXPECT_EQ(last(),
            R"(PUT /v1/sys/leases/revoke {"lease_id":"database/creds/app/abc","sync":true})");
}

TEST_F(LeaseCommands, AllBelowAPrefixAreRevokedOrForgotten) {
  vault_.answer("PUT /v1/sys/leases/revoke-prefix/database/creds", 204, "");
  EXPECT_EQ(run({"lease", "revoke", "-prefix", "database/creds/"}).code, 0);
  vault_.answer("PUT /v1/sys/leases/revoke-force/database/creds", 204, "");
  EXPECT_EQ(run({"lease", "revoke", "-prefix", "-force", "database/creds/"}).out,
            "Success! Force revoked any leases with prefix: database/creds\n");
}

TEST_F(LeaseCommands, FlagsThatMakeNoSenseSendNothing) {
  EXPECT_EQ(run({"lease", "revoke", "-force", kId}).code, 1);
  EXPECT_EQ(run({"lease", "revoke", "-prefix", "-sync", kId}).code, 1);
  EXPECT_EQ(run({"lease", "renew", "-increment=soon", kId}).code, 1);
  EXPECT_TRUE(vault_.requests().empty());
}

TEST_F(LeaseCommands, TopShowsRolesIdentitiesAndOwners) {
  vault_.answer("GET /v1/sys/leases/top", 200,
                R"({"data":{"total":4,"roles":[{"prefix":"db/creds/app/","leases":4}],)"
                R"("identities":[{"identity":"top","display_name":"unix-app","leases":4}],)"
                R"("owners":[{"accessor":"acc","display_name":"token-web","identity":"top",)"
                R"("leases":4}]}})");
  const Outcome shown = run({"lease", "top"});
  EXPECT_EQ(shown.code, 0);
  EXPECT_EQ(shown.out,
            "Leases in all: 4\n"
            "\n"
            "Leases    roles\n"
            "------    -----\n"
            "4         db/creds/app/\n"
            "\n"
            "Leases    identities\n"
            "------    ----------\n"
            "4         top  (unix-app)\n"
            "\n"
            "Leases    owners\n"
            "------    ------\n"
            "4         acc  (token-web)\n");
}

TEST_F(LeaseCommands, TopAsksForNoMoreThanItsLimit) {
  vault_.answer("GET /v1/sys/leases/top?limit=3", 200, R"({"data":{"total":4}})");
  EXPECT_EQ(run({"lease", "top", "-limit=3"}).out, "Leases in all: 4\n");
}

TEST_F(LeaseCommands, WhatTheDaemonRefusesIsTold) {
  vault_.answer("PUT /v1/sys/leases/renew", 400, R"({"errors":["lease not found"]})");
  const Outcome refused = run({"lease", "renew", kId});
  EXPECT_EQ(refused.code, 2);
  EXPECT_TRUE(contains(refused.err, "lease not found"));
}

constexpr const char* kUser = "v-token-app-e0-0123456789ABCDEFGHIJdzYp-1700000000";

TEST_F(LeaseCommands, OrphansAreShownWithWhatIsKnownOfThem) {
  vault_.answer("GET /v1/database/orphans/app", 200,
                R"({"data":{"epoch":1,"total":2,"users":[)"
                R"({"username":"v-a","epoch":0,"created":"2026-01-01T00:00:00Z",)"
                R"("reason":"earlier_epoch","this_vault":true},)"
                R"({"username":"v-b","epoch":7,"created":"2026-01-02T00:00:00Z",)"
                R"("reason":"later_epoch","this_vault":false}]}})");
  const Outcome shown = run({"lease", "orphans", "database/app"});
  EXPECT_EQ(shown.code, 0);
  EXPECT_EQ(shown.out,
            "Username    Created                 Epoch    Reason           Vault\n"
            "--------    -------                 -----    ------           -----\n"
            "v-a         2026-01-01T00:00:00Z    0        earlier_epoch    this one\n"
            "v-b         2026-01-02T00:00:00Z    7        later_epoch      unknown\n");
  EXPECT_TRUE(contains(run({"lease", "orphans", "-format=json", "database/app"}).out,
                       "\"this_vault\": false"));
  EXPECT_EQ(run({"lease", "orphans", "-field=total", "database/app"}).out, "2");
}

TEST_F(LeaseCommands, OrphansBelowAMountOfAnyPathAreFound) {
  vault_.answer("GET /v1/team/db/orphans/app", 200, R"({"data":{"epoch":1,"total":0,"users":[]}})");
  const Outcome none = run({"lease", "orphans", "team/db/app"});
  EXPECT_EQ(none.code, 0);
  EXPECT_EQ(none.out, "None: each user by such a name has its lease.\n");
}

TEST_F(LeaseCommands, OrphansThatAreNotAllShownAreCounted) {
  vault_.answer("GET /v1/database/orphans/app", 200,
                R"({"data":{"epoch":1,"total":1234,"users":[{"username":"v-a","epoch":0,)"
                R"("created":"x","reason":"no_lease","this_vault":true}]}})");
  EXPECT_TRUE(contains(run({"lease", "orphans", "database/app"}).out, "The oldest of 1234."));
}

TEST_F(LeaseCommands, OrphansAreRevokedByNameAndNeverAllOfThem) {
  vault_.answer("PUT /v1/database/orphans/app/revoke", 200,
                R"({"data":{"revoking":1,"not_there":0}})");
  EXPECT_TRUE(
      contains(run({"lease", "orphans", "-revoke", "database/app", kUser}).out, "revoking     1"));
  EXPECT_EQ(last(), std::string(R"(PUT /v1/database/orphans/app/revoke {"usernames":[")") + kUser +
                        R"("]})");
  EXPECT_EQ(
      run({"lease", "orphans", "-revoke", "-other-vaults", "-role=r", "database/app", kUser, "v-b"})
          .code,
      0);
  EXPECT_EQ(last(), std::string(R"(PUT /v1/database/orphans/app/revoke {"usernames":[")") + kUser +
                        R"(","v-b"],"other_vaults":true,"role":"r"})");
}

TEST_F(LeaseCommands, OrphansOfNothingSendNothing) {
  EXPECT_EQ(run({"lease", "orphans"}).code, 1);
  EXPECT_EQ(run({"lease", "orphans", "app"}).code, 1);
  EXPECT_EQ(run({"lease", "orphans", "-revoke", "database/app"}).code, 1);
  EXPECT_EQ(run({"lease", "orphans", "database/app", kUser}).code, 1) << "without -revoke";
  EXPECT_EQ(run({"lease", "orphans", "-role=r", "database/app"}).code, 1);
  EXPECT_EQ(run({"lease", "orphans", "-other-vaults", "database/app"}).code, 1);
  EXPECT_TRUE(vault_.requests().empty());
}

}  // namespace
}  // namespace coffer::cli
