#include "coffer/policy/policy.h"

namespace coffer::policy {
namespace {

// What every token may do unless it was made without: nothing here shows another caller's things.
constexpr std::string_view kText = R"(# What every token may do with itself.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
path "sys/capabilities-self" {
  capabilities = ["update"]
}

# A lease is known only to whom it was given.
path "sys/leases/renew" {
  capabilities = ["update"]
}
# As clients from before spell it.
path "sys/renew" {
  capabilities = ["update"]
}
path "sys/leases/lookup" {
  capabilities = ["update"]
}

# Each token's own scratch space.
path "cubbyhole/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# Handing something on, wrapped.
path "sys/wrapping/wrap" {
  capabilities = ["update"]
}
path "sys/wrapping/lookup" {
  capabilities = ["update"]
}
path "sys/wrapping/unwrap" {
  capabilities = ["update"]
}

# Arithmetic on what the caller brings along.
path "sys/tools/hash" {
  capabilities = ["update"]
}
path "sys/tools/hash/*" {
  capabilities = ["update"]
}
)";

}  // namespace

std::string_view default_policy_text() noexcept { return kText; }

}  // namespace coffer::policy
