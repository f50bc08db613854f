#include "acl_of.h"

namespace coffer::policy {
namespace {

std::shared_ptr<const Acl> default_acl() {
  auto policy = parse(kDefaultPolicy, default_policy_text());
  EXPECT_TRUE(policy.ok());
  const PolicyPtr all[] = {*std::move(policy)};
  return Acl::build(all, kNow);
}

TEST(DefaultPolicy, GrantsWhatATokenDoesWithItself) {
  const auto acl = default_acl();
  const std::pair<Operation, const char*> granted[] = {
      {Operation::read, "auth/token/lookup-self"},
      {Operation::update, "auth/token/renew-self"},
      {Operation::update, "auth/token/revoke-self"},
      {Operation::update, "sys/capabilities-self"},
      {Operation::update, "sys/leases/renew"},
      {Operation::update, "sys/renew"},
      {Operation::update, "sys/leases/lookup"},
      {Operation::create, "cubbyhole/a"},
      {Operation::read, "cubbyhole/a/b"},
      {Operation::update, "cubbyhole/a"},
      {Operation::remove, "cubbyhole/a"},
      {Operation::list, "cubbyhole/"},
      {Operation::update, "sys/wrapping/wrap"},
      {Operation::update, "sys/wrapping/lookup"},
      {Operation::update, "sys/wrapping/unwrap"},
      {Operation::update, "sys/tools/hash"},
      {Operation::update, "sys/tools/hash/sha2-256"}};
  for (const auto& [operation, path] : granted) EXPECT_TRUE(may(*acl, operation, path)) << path;
}

TEST(DefaultPolicy, GrantsNothingOfOthers) {
  const auto acl = default_acl();
  for (const char* path :
       {"secret/data/a", "secret/", "auth/token/lookup", "auth/token/create", "auth/token/revoke",
        "auth/token/lookup-accessor", "sys/mounts", "sys/seal", "sys/policies/acl/default",
        "sys/policies/explain", "sys/capabilities", "sys/leases/revoke", "sys/wrapping/rewrap",
        "sys/leases/lookup/", "sys/internal/ui/mounts", "cubbyhole"}) {
    for (const Operation operation : kAllOperations) {
      EXPECT_EQ(may(*acl, operation, path), operation == Operation::help) << path;
    }
  }
  EXPECT_FALSE(acl->any_access_below("secret/"));
  EXPECT_TRUE(acl->any_access_below("cubbyhole/"));
}

}  // namespace
}  // namespace coffer::policy
