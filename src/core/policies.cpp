#include "coffer/core/policies.h"

#include <algorithm>

#include "coffer/base/codec.h"

namespace coffer::core {
namespace {

constexpr envelope::Space kPolicySpace{.mount = {}, .table = 3};
constexpr std::uint8_t kRowFormat = 1;
constexpr std::size_t kMaxName = 128;
/// Sets of policies that are kept compiled; all go when there are more.
constexpr std::size_t kMaxAcls = 1024;
constexpr std::size_t kMaxParsed = 4096;

constexpr std::string_view kWrappingText = R"(path "cubbyhole/response" {
  capabilities = ["create", "read"]
}
path "sys/wrapping/unwrap" {
  capabilities = ["update"]
}
)";

envelope::RowName row_of(std::string_view name) { return {kPolicySpace, {}, std::string(name)}; }

Result<std::string> decode(std::string_view value) {
  Reader row(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kRowFormat) return make_error(ErrorCode::corrupt, "unknown format of a policy row");
  COFFER_TRY(const std::string_view text, row.text());
  COFFER_CHECK(row.finish());
  return std::string(text);
}

bool immutable(std::string_view name) {
  return name == policy::kRootPolicy || name == kWrappingPolicy;
}

Error cannot(std::string_view what, std::string_view name) {
  return make_error(ErrorCode::invalid_argument,
                    std::string("cannot ").append(what).append(" policy \"").append(name) + "\"");
}

/// Parsed once, not at each request.
const policy::PolicyPtr& built_in_default() {
  static const policy::PolicyPtr parsed = [] {
    auto result = policy::parse(policy::kDefaultPolicy, policy::default_policy_text());
    return result.ok() ? *std::move(result) : nullptr;
  }();
  return parsed;
}

}  // namespace

Result<std::string> policy_name(std::string_view name) {
  const std::size_t first = name.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return make_error(ErrorCode::invalid_argument, "the name of a policy is missing");
  }
  name = name.substr(first, name.find_last_not_of(" \t") - first + 1);
  std::string out(name);
  for (char& c : out) {
    const bool printable = c > ' ' && c <= '~';
    if (!printable || c == '*' || c == '+' || c == ',') {
      return make_error(ErrorCode::invalid_argument,
                        "the name of a policy may hold printable ASCII without blanks, *, + and ,");
    }
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (out.size() > kMaxName) {
    return make_error(ErrorCode::invalid_argument, "the name of a policy has over 128 bytes");
  }
  return out;
}

Result<std::unique_ptr<Policies>> Policies::make(const envelope::SealedTransaction& tx) {
  COFFER_TRY(Epoch epoch, Epoch::make(tx, "policies"));
  if (built_in_default() == nullptr) {
    return make_error(ErrorCode::internal, "the built-in default policy doesn't parse");
  }
  return std::unique_ptr<Policies>(new Policies(std::move(epoch)));
}

Result<std::shared_ptr<const policy::Acl>> Policies::acl(envelope::SealedTransaction& tx,
                                                         const Names& names, WallTime now) {
  // `root` must stand alone: mixed with others it would turn any policy editor into root.
  static const auto root = policy::Acl::root();
  if (names.size() == 1 && names.front() == policy::kRootPolicy) return root;
  COFFER_TRY(const store::RowVersion version, epoch_.at(tx));
  if (auto known = cached(version, names, now)) return known;
  std::vector<policy::PolicyPtr> policies;
  for (const std::string& name : names) {
    COFFER_TRY(policy::PolicyPtr policy, parsed(tx, version, name));
    if (policy != nullptr) policies.push_back(std::move(policy));
  }
  auto built = policy::Acl::build(policies, now);
  keep(version, names, built);
  return built;
}

std::shared_ptr<const policy::Acl> Policies::cached(store::RowVersion version, const Names& names,
                                                    WallTime now) {
  const MutexLock lock(mutex_);
  if (loaded_at_ != version) return nullptr;
  const auto found = acls_.find(names);
  if (found == acls_.end()) return nullptr;
  const std::optional<WallTime> stale = found->second->stale_at();
  return stale && *stale <= now ? nullptr : found->second;
}

void Policies::keep(store::RowVersion version, const Names& names,
                    const std::shared_ptr<const policy::Acl>& acl) {
  const MutexLock lock(mutex_);
  if (loaded_at_ != version) return;
  if (acls_.size() >= kMaxAcls) acls_.clear();
  acls_[names] = acl;
}

Result<policy::PolicyPtr> Policies::parsed(envelope::SealedTransaction& tx,
                                           store::RowVersion version, const std::string& name) {
  {
    const MutexLock lock(mutex_);
    if (loaded_at_ != version) {
      acls_.clear();
      parsed_.clear();
      loaded_at_ = version;
    }
    if (const auto found = parsed_.find(name); found != parsed_.end()) return found->second;
  }
  policy::PolicyPtr policy;
  COFFER_TRY(const std::optional<envelope::OpenedRow> row, tx.read(row_of(name)));
  if (row) {
    COFFER_TRY(const std::string text, decode(row->value));
    COFFER_TRY(policy, policy::parse(name, text));
  } else if (name == policy::kDefaultPolicy) {
    policy = built_in_default();
  }
  const MutexLock lock(mutex_);
  if (loaded_at_ == version) {
    if (parsed_.size() >= kMaxParsed) parsed_.clear();
    parsed_[name] = policy;
  }
  return policy;
}

Result<std::optional<std::string>> Policies::read(envelope::SealedTransaction& tx,
                                                  std::string_view name) const {
  if (name == policy::kRootPolicy) return std::optional<std::string>("");
  if (name == kWrappingPolicy) return std::optional<std::string>(kWrappingText);
  COFFER_TRY(const std::optional<envelope::OpenedRow> row, tx.read(row_of(name)));
  if (row) {
    COFFER_TRY(std::string text, decode(row->value));
    return std::optional<std::string>(std::move(text));
  }
  if (name != policy::kDefaultPolicy) return std::optional<std::string>();
  return std::optional<std::string>(policy::default_policy_text());
}

Result<void> Policies::write(envelope::SealedTransaction& tx, std::string_view name,
                             std::string_view text) const {
  if (immutable(name)) return cannot("update", name);
  COFFER_TRY([[maybe_unused]] const policy::PolicyPtr parsed, policy::parse(name, text));
  Writer row;
  row.u8(kRowFormat).text(text);
  COFFER_CHECK(tx.write(row_of(name), as_text(row.view()), envelope::Expect::anything()));
  return epoch_.touch(tx);
}

Result<void> Policies::remove(envelope::SealedTransaction& tx, std::string_view name) const {
  if (immutable(name) || name == policy::kDefaultPolicy) return cannot("delete", name);
  COFFER_TRY(const std::optional<envelope::OpenedRow> row, tx.read(row_of(name)));
  if (!row) return {};
  tx.erase(row_of(name), envelope::Expect::anything());
  return epoch_.touch(tx);
}

Result<std::vector<std::string>> Policies::list(envelope::SealedTransaction& tx) const {
  COFFER_TRY(const auto rows, tx.list(kPolicySpace, {}));
  std::vector<std::string> names{std::string(policy::kDefaultPolicy),
                                 std::string(policy::kRootPolicy)};
  for (const envelope::ListedRow& row : rows) {
    if (row.name != policy::kDefaultPolicy) names.push_back(row.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace coffer::core
